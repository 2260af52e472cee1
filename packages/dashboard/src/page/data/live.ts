// News from the server: one tab holds the stream and shares what comes with the others, so that many tabs do not use up the
// six connections a browser makes to one address. When that tab is closed, another one takes over (Web Locks).
import { useEffect, useState } from 'preact/hooks';
import type { News } from '../../api/news.ts';

/** `starting`: not heard of yet. */
export type Connection = 'starting' | 'open' | 'lost';

type Message =
  | { readonly what: 'news'; readonly news: News }
  | { readonly what: 'connection'; readonly connection: Connection }
  /** News may have been missed: what is shown is to be asked for again. */
  | { readonly what: 'again' }
  /** A new tab: how is the connection? */
  | { readonly what: 'hello' };

const retryMs = 1000;
/** The server says something every 5 s. */
const silentMs = 15_000;

const listeners = new Set<(message: Message) => void>();
let connection: Connection = 'starting';

function tell(message: Message): void {
  if (message.what === 'connection') connection = message.connection;
  for (const listener of [...listeners]) listener(message);
}

export function startLive(): void {
  const channel = new BroadcastChannel('calm-orch');
  let isHolder = false;
  const share = (message: Message): void => {
    channel.postMessage(message);
    tell(message);
  };
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.what !== 'hello') tell(data);
    else if (isHolder) channel.postMessage({ what: 'connection', connection } satisfies Message);
  };
  const hold = (): Promise<never> => {
    isHolder = true;
    holdStream(share);
    return new Promise(() => {});
  };
  channel.postMessage({ what: 'hello' } satisfies Message);
  // Only an address that browsers trust (this machine, https) has locks: elsewhere each tab has a stream of its own.
  if (navigator.locks === undefined) hold().catch(() => {});
  else navigator.locks.request('calm-orch stream', hold).catch(() => {});
}

function holdStream(share: (message: Message) => void): void {
  let stream: EventSource;
  let silence: ReturnType<typeof setTimeout>;
  const connect = (): void => {
    stream = new EventSource('/api/live');
    stream.onopen = () => {
      share({ what: 'connection', connection: 'open' });
      share({ what: 'again' });
      listen();
    };
    stream.onmessage = ({ data }: MessageEvent<string>) => {
      listen();
      const news = JSON.parse(data) as News;
      if (news.what !== 'beat') share({ what: 'news', news });
    };
    stream.onerror = lose;
  };
  const listen = (): void => {
    clearTimeout(silence);
    silence = setTimeout(lose, silentMs);
  };
  const lose = (): void => {
    clearTimeout(silence);
    stream.close();
    share({ what: 'connection', connection: 'lost' });
    setTimeout(connect, retryMs);
  };
  connect();
}

export function useConnection(): Connection {
  const [now, setNow] = useState(connection);
  // It may have been heard of between the first drawing and now.
  useEffect(() => setNow(connection), []);
  useMessages((message) => {
    if (message.what === 'connection') setNow(message.connection);
  }, []);
  return now;
}

/** @param onNews Of every run. @param onAgain News may have been missed. */
export function useNews(onNews: (news: News) => void, onAgain: () => void, inputs: readonly unknown[]): void {
  useMessages((message) => {
    if (message.what === 'news') onNews(message.news);
    if (message.what === 'again') onAgain();
  }, inputs);
}

function useMessages(listener: (message: Message) => void, inputs: readonly unknown[]): void {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, inputs);
}

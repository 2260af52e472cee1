// News of the run folder as server-sent events. One look a second serves every connection, and there is none while nobody
// listens. Who connects asks for the present state after that, so that only what is new has to be sent.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { news, type News } from '../api/news.ts';
import { watchRuns, type Watch } from './watch.ts';
import type { RunFolder } from './run-folder.ts';

const lookEveryMs = 1000;
const beatEveryMs = 5000;
/** What may wait for a reader; one that is slower is cut off, connects again and asks anew. */
const maxWaitingBytes = 4 * 1024 * 1024;

export interface Live {
  readonly headers: Readonly<Record<string, string>>;
  /** @param response With its headers written. */
  connect(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

export function createLive(folder: RunFolder): Live {
  const readers = new Set<ServerResponse>();
  let watch: Watch | null = null;
  let timer: NodeJS.Timeout | undefined;
  let saidMs = 0;

  const say = (what: News): void => {
    saidMs = performance.now();
    const text = `data: ${JSON.stringify(news.parse(what))}\n\n`;
    for (const reader of readers) {
      if (reader.writableLength > maxWaitingBytes) reader.destroy();
      else reader.write(text);
    }
  };
  const look = (): void => {
    try {
      // Of a folder in which the first run has begun, and of another in its place, all is news.
      const tracker = folder.tracker();
      if (tracker === null) watch = null;
      else if (watch?.tracker !== tracker) watch = watchRuns(tracker, { event: 0, report: 0 });
      for (const what of watch?.look() ?? []) say(what);
    } catch {
      // The next question gets the error as its answer.
    }
    if (performance.now() - saidMs > beatEveryMs) say({ what: 'beat' });
  };
  const start = (): void => {
    const tracker = folder.tracker();
    watch = tracker === null ? null : watchRuns(tracker);
    timer = setInterval(look, lookEveryMs);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    watch = null;
  };
  return {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    connect: (request, response) => {
      readers.add(response);
      request.socket.setNoDelay(true);
      response.on('close', () => {
        readers.delete(response);
        if (readers.size === 0) stop();
      });
      response.write(': calm-orch\n\n');
      if (timer === undefined) start();
    },
    close: () => {
      stop();
      for (const reader of readers) reader.end();
    },
  };
}

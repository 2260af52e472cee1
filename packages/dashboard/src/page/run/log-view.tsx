// The log of one process of a run: its last part or what one attempt wrote, and what is written while one looks.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogAnswer } from '../../api/runs.ts';
import { ask } from '../data/ask.ts';
import { Problem } from '../parts/problem.tsx';
import { addressOf, type LogPart } from '../place.ts';

const lookEveryMs = 1000;
/** What is kept of a long one. */
const maxCharacters = 400_000;

interface Props {
  readonly run: string;
  readonly log: LogPart;
  readonly isLive: boolean;
}

interface Shown {
  readonly text: string;
  readonly isCut: boolean;
  readonly error: string | null;
}

export function LogView({ run, log: { name, from, to }, isLive }: Props) {
  const path = `/api/runs/${encodeURIComponent(run)}/logs/${encodeURIComponent(name)}`;
  const [{ text, isCut, error }, setShown] = useState<Shown>({ text: '', isCut: false, error: null });
  const box = useRef<HTMLPreElement>(null);
  /** Where to read on; null: the last part. */
  const next = useRef(from === undefined ? null : Math.max(from, (to ?? 0) - maxCharacters));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const over = new AbortController();
    const show = (part: LogAnswer): void => {
      next.current = part.next;
      setShown((old) => ({
        text: (old.text + part.text).slice(-maxCharacters),
        isCut:
          old.isCut || (old.text === '' ? part.from > (from ?? 0) : old.text.length + part.text.length > maxCharacters),
        error: null,
      }));
    };
    const look = (): void => {
      const ends = Object.entries({ from: next.current, to }).filter(([, bytes]) => typeof bytes === 'number');
      ask<LogAnswer>(`${path}?${ends.map(([end, bytes]) => `${end}=${bytes}`).join('&')}`, over.signal).then(
        (part) => {
          const isMore = part.text !== '';
          if (isMore) show(part);
          if (isMore || (isLive && to === undefined)) timer = setTimeout(look, isMore ? 0 : lookEveryMs);
        },
        (thrown: unknown) => {
          if (over.signal.aborted) return;
          // A server that has gone may come back.
          if (thrown instanceof TypeError) timer = setTimeout(look, lookEveryMs);
          else setShown((old) => ({ ...old, error: (thrown as Error).message }));
        },
      );
    };
    look();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [path, isLive]);
  useEffect(() => box.current?.scrollTo(0, box.current.scrollHeight), [text]);
  return (
    <>
      {error !== null && <Problem text={error} />}
      <p class="quiet">
        {from === undefined ? `What ${name} has written.` : `What ${name} wrote during one attempt. `}
        {from !== undefined && <a href={addressOf({ page: 'run', run, log: { name } })}>All of it</a>}
        {isCut && ' This is the end of it; `calm-orch logs` prints all.'}
      </p>
      <pre class="log" ref={box} tabIndex={0} role="log" aria-label={`Log of ${name}`}>
        {text}
      </pre>
    </>
  );
}

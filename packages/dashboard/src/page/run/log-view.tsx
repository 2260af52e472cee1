// The log of one process of a run: its last part, and what is written while one looks.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogAnswer } from '../../api/runs.ts';
import { ask } from '../data/ask.ts';
import { Problem } from '../parts/problem.tsx';

const lookEveryMs = 1000;
/** What is kept of a long one. */
const maxCharacters = 400_000;

interface Props {
  readonly run: string;
  readonly log: string;
  readonly isLive: boolean;
}

export function LogView({ run, log, isLive }: Props) {
  const path = `/api/runs/${encodeURIComponent(run)}/logs/${encodeURIComponent(log)}`;
  const [state, setState] = useState<{ text: string; isCut: boolean; error: string | null }>({
    text: '',
    isCut: false,
    error: null,
  });
  const box = useRef<HTMLPreElement>(null);
  const next = useRef<number | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const over = new AbortController();
    const show = (part: LogAnswer): void => {
      const isFirst = next.current === null;
      next.current = part.next;
      if (part.text === '') return;
      setState(({ text, isCut }) => ({
        text: (text + part.text).slice(-maxCharacters),
        isCut: isFirst ? part.from > 0 : isCut || text.length + part.text.length > maxCharacters,
        error: null,
      }));
    };
    const look = (): void => {
      ask<LogAnswer>(next.current === null ? path : `${path}?from=${next.current}`, over.signal)
        .then(show)
        .then(
          () => true,
          (thrown: unknown) => {
            // A server that has gone may come back.
            if (thrown instanceof TypeError) return true;
            if (!over.signal.aborted) setState((old) => ({ ...old, error: (thrown as Error).message }));
            return false;
          },
        )
        .then((goesOn) => {
          if (isLive && goesOn && !over.signal.aborted) timer = setTimeout(look, lookEveryMs);
        })
        .catch(() => {});
    };
    look();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [path, isLive]);
  useEffect(() => box.current?.scrollTo(0, box.current.scrollHeight), [state.text]);
  return (
    <>
      {state.error !== null && <Problem text={state.error} />}
      {state.isCut && <p class="quiet">The end of it; `calm-orch logs` prints all.</p>}
      <pre class="log" ref={box} tabIndex={0} role="log" aria-label={`Log of ${log}`}>
        {state.text}
      </pre>
    </>
  );
}

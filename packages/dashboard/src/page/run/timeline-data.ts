// A run's timeline as the page holds it: the first answer, and what has come since.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Lease, TimelineAnswer } from '../../api/timeline.ts';
import { ask } from '../data/ask.ts';
import { useNews } from '../data/live.ts';

const lookEveryMs = 1000;

/** What is told again replaces what was told before. */
export function withNewer(old: TimelineAnswer, newer: TimelineAnswer): TimelineAnswer {
  const nameOf = ({ stage, item, attempt }: Lease): string => `${stage} ${item} ${attempt}`;
  const leases = new Map([...old.leases, ...newer.leases].map((lease) => [nameOf(lease), lease]));
  const gangs = new Map([...old.gangs, ...newer.gangs].map((one) => [`${one.stage} ${one.generation}`, one]));
  return { ...newer, leases: [...leases.values()], gangs: [...gangs.values()], load: [...old.load, ...newer.load] };
}

/** @param isLive Asks every second for what is new. */
export function useTimeline(run: string, isLive: boolean): { data: TimelineAnswer | null; error: string | null } {
  const [shown, setShown] = useState<{ data: TimelineAnswer | null; error: string | null }>({
    data: null,
    error: null,
  });
  const [times, setTimes] = useState(0);
  const last = useRef<TimelineAnswer | null>(null);
  const again = useCallback(() => {
    last.current = null;
    setTimes((count) => count + 1);
  }, []);
  useNews(() => {}, again, [again]);
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const look = (): void => {
      // A tab that nobody sees asks nothing.
      if (document.hidden && last.current !== null) return void (timer = setTimeout(look, lookEveryMs));
      const { event = 0, load = [] } = last.current ?? {};
      const loadMs = load.length === 0 ? 0 : Date.parse(load.at(-1)!.at);
      ask<TimelineAnswer>(
        `/api/runs/${encodeURIComponent(run)}/timeline?event=${event}&load=${loadMs}`,
        over.signal,
      ).then(
        (answer) => {
          last.current = last.current === null ? answer : withNewer(last.current, answer);
          setShown({ data: last.current, error: null });
          if (isLive) timer = setTimeout(look, lookEveryMs);
        },
        (thrown: unknown) => {
          // Of a server that has gone the frame says so; when it is back, all is asked for again.
          const isGone = thrown instanceof TypeError;
          if (!over.signal.aborted && !isGone) setShown({ data: null, error: (thrown as Error).message });
        },
      );
    };
    look();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [run, isLive, times]);
  return shown;
}

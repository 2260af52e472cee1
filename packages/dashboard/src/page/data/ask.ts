// Questions to the server, and a component's hold on the answer.
import { useCallback, useEffect, useState } from 'preact/hooks';

/** A question that failed is asked again after so long: what was wrong may be over (a database that was busy). */
export const askAgainMs = 3000;

/** @throws Error with the server's own words */
export async function ask<T>(path: string, signal?: AbortSignal, sent: RequestInit = {}): Promise<T> {
  const response = await fetch(path, { ...sent, ...(signal && { signal }), headers: { accept: 'application/json' } });
  const body = (await response.json()) as T & { error?: { message: string } };
  if (!response.ok) throw new Error(body.error?.message ?? `${response.status} ${response.statusText}`);
  return body;
}

export interface Answer<T> {
  /** Of the last answer; null before the first. */
  readonly data: T | null;
  readonly error: string | null;
  /** Whether `data` answers this question, not the one before. */
  readonly isCurrent: boolean;
  /** Asks again, and keeps showing the last answer meanwhile. */
  readonly again: () => void;
  /** Changes what is shown, by news. */
  readonly change: (change: (data: T) => T) => void;
}

/**
 * @param path Null: nothing is asked.
 * @param subject While a question is under way, the last answer on the same subject is shown. @default each is its own
 */
export function useAnswer<T>(path: string | null, subject = path): Answer<T> {
  const [state, setState] = useState<{
    path: string | null;
    subject: string | null;
    data: T | null;
    error: string | null;
  }>({ path: null, subject: null, data: null, error: null });
  const [times, setTimes] = useState(0);
  const again = useCallback(() => setTimes((count) => count + 1), []);
  useEffect(() => {
    if (path === null) return;
    const over = new AbortController();
    let later: ReturnType<typeof setTimeout> | undefined;
    ask<T>(path, over.signal).then(
      (data) => setState({ path, subject, data, error: null }),
      (thrown: unknown) => {
        // What a server that has gone last said stays: that it has gone is said above.
        const isGone = thrown instanceof TypeError;
        if (over.signal.aborted || isGone) return;
        setState({ path, subject, data: null, error: (thrown as Error).message });
        later = setTimeout(again, askAgainMs);
      },
    );
    return () => {
      clearTimeout(later);
      over.abort();
    };
  }, [path, times]);
  const change = useCallback(
    (by: (data: T) => T) => setState((old) => (old.data === null ? old : { ...old, data: by(old.data) })),
    [],
  );
  return {
    data: state.subject === subject ? state.data : null,
    error: state.path === path ? state.error : null,
    isCurrent: state.path === path,
    again,
    change,
  };
}

// Waiting for the first of several AbortSignals. Listeners are added and removed by hand: signals made by
// AbortSignal.any and AbortSignal.timeout may be collected while somebody waits for them (Node 20).

export interface CombinedSignal {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** A signal that is aborted with the first of `signals`, until disposed. */
export function combineSignals(...signals: readonly AbortSignal[]): CombinedSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signals.some(({ aborted }) => aborted)) abort();
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    dispose: () => {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}

/** Resolves once one of `signals` is aborted, or after `timeoutMs`. */
export function firstAbort(signals: readonly AbortSignal[], timeoutMs?: number): Promise<void> {
  const { signal, dispose } = combineSignals(...signals);
  return new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      dispose();
      resolve();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** A signal that is aborted `graceMs` after the first of `signals`, until disposed. */
export function abortedAfter(graceMs: number, ...signals: readonly AbortSignal[]): CombinedSignal {
  const first = combineSignals(...signals);
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => void (timer = setTimeout(() => controller.abort(), graceMs));
  if (first.signal.aborted) begin();
  else first.signal.addEventListener('abort', begin, { once: true });
  return {
    signal: controller.signal,
    dispose: () => {
      first.signal.removeEventListener('abort', begin);
      first.dispose();
      clearTimeout(timer);
    },
  };
}

/** What `promise` gives; null once the signal is aborted. It may be asked with one signal any number of times. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | null> {
  let onAbort = (): void => {};
  const aborted = new Promise<null>((resolve) => (onAbort = () => resolve(null)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

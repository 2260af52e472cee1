// Calls that wait until they can be answered.

export interface Waiters {
  /**
   * The first answer that is not undefined: now, or with a change. null: none within `waitMs`, or the signal was aborted.
   * What `answer` throws the call throws.
   */
  wait<T>(answer: () => T | undefined, waitMs: number, signal: AbortSignal): Promise<T | null>;
  /** Something has changed: all that wait are looked at, in the order in which they came. */
  tell(): void;
}

export function createWaiters(): Waiters {
  const looks = new Set<() => void>();
  return {
    wait: (answer, waitMs, signal) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          looks.delete(look);
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          settle();
        };
        const giveUp = (): void => end(() => resolve(null));
        const look = (): void => {
          try {
            const found = answer();
            if (found !== undefined) end(() => resolve(found));
          } catch (error) {
            end(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        };
        const timer = setTimeout(giveUp, Math.max(0, waitMs));
        if (signal.aborted) return giveUp();
        signal.addEventListener('abort', giveUp);
        looks.add(look);
        look();
      }),
    tell: () => {
      for (const look of [...looks]) look();
    },
  };
}

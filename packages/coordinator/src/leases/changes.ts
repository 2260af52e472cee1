// Calls that wait until something has changed.
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../runs/deferred.ts';

export interface Changes {
  /** Wakes all that wait. */
  tell(): void;
  /** Settled with the next change, after `waitMs`, or when the signal is aborted. */
  next(waitMs: number, signal: AbortSignal): Promise<void>;
}

export function createChanges(): Changes {
  const waiting = new Set<() => void>();
  return {
    tell: () => {
      for (const resume of waiting) resume();
      waiting.clear();
    },
    next: async (waitMs, signal) => {
      const change = deferred<void>();
      waiting.add(change.resolve);
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      await Promise.race([change.promise, sleep(waitMs, undefined, { signal: either }).catch(() => {})]);
      over.abort();
      waiting.delete(change.resolve);
    },
  };
}

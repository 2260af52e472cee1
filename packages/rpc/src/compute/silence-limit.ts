// How long a computation may be silent before it counts as hung: `hangTimeoutMs`, and longer where its own steps are
// longer. Pure: told what came when.
import type { FromCompute } from './compute-message.ts';

/** Times `hangTimeoutMs`: the engine, weights and the first trace take longer than any step (over 30 s at a load of 12 a core). */
const loadingPatience = 6;
const waitingPatience = 3;
/** Times the longest silence so far: samples and their texts differ in length, and the machine may be busy with others. */
const stepPatience = 3;

export interface SilenceLimit {
  /** How long may pass from this message at `nowMs` to the next, in ms. */
  after(message: Pick<FromCompute, 'type'> & { readonly waiting?: boolean }, nowMs: number): number;
}

export function silenceLimit(hangTimeoutMs: number): SilenceLimit {
  // Up to the second report of progress: what goes before the first holds loading and tracing, and is no step.
  let numReports = 0;
  let heardMs = 0;
  let longestMs = 0;
  return {
    after: ({ type, waiting = false }, nowMs) => {
      if (numReports > 0) longestMs = Math.max(longestMs, nowMs - heardMs);
      heardMs = nowMs;
      if (type === 'progress') numReports++;
      // Who waits for others is not to blame for them; but all of a gang waiting for each other have hung as well.
      const patience = numReports < 2 ? loadingPatience : waiting ? waitingPatience : 1;
      return Math.max(patience * hangTimeoutMs, stepPatience * longestMs);
    },
  };
}

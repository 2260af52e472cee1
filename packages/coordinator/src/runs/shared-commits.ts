// Works that are asked for at once share a commit, which costs what several of them do.
import type { Tracker } from '@calm-orch/tracker';
import { deferred, type Deferred } from './deferred.ts';

/** A commit holds up all else. */
const worksPerCommit = 64;

/** One connection is accepted a turn of the loop: with one turn a commit, workers that come back wait behind the others. */
const turnsBetweenCommits = 16;

/** Does `work` within a transaction, soon, in the order of the calls; answered once that is committed. */
export type SharedCommits = <T>(work: () => T) => Promise<T>;

export function createSharedCommits(tracker: Pick<Tracker, 'together'>): SharedCommits {
  const waiting: (Deferred<unknown> & { readonly work: () => unknown })[] = [];
  let numLast = 0;
  const commit = (): void => {
    const asked = waiting.splice(0, worksPerCommit);
    numLast = asked.length;
    if (waiting.length > 0) commitSoon();
    try {
      const outcomes = tracker.together(asked.map(({ work }) => work));
      for (const [i, outcome] of outcomes.entries())
        if (outcome.status === 'fulfilled') asked[i]!.resolve(outcome.value);
        else asked[i]!.reject(outcome.reason);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  /** Who asks alone does not wait. */
  const commitSoon = (turns = numLast > 1 ? turnsBetweenCommits : 1): void =>
    void setImmediate(() => (turns > 1 ? commitSoon(turns - 1) : commit()));
  return <T>(work: () => T): Promise<T> => {
    const own = deferred<unknown>();
    if (waiting.length === 0) commitSoon();
    waiting.push({ ...own, work });
    return own.promise as Promise<T>;
  };
}

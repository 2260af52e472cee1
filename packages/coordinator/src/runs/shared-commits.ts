// Works that are asked for at once share a commit, which costs what several of them do.
import type { Tracker } from '@calm-orch/tracker';
import { deferred, type Deferred } from './deferred.ts';

/** Between commits new connections are accepted, one each time: with more, workers that come back wait behind the others. */
const worksPerCommit = 4;

/** Does `work` within a transaction, soon, in the order of the calls; answered once that is committed. */
export type SharedCommits = <T>(work: () => T) => Promise<T>;

export function createSharedCommits(tracker: Pick<Tracker, 'together'>): SharedCommits {
  const waiting: (Deferred<unknown> & { readonly work: () => unknown })[] = [];
  const commit = (): void => {
    const asked = waiting.splice(0, worksPerCommit);
    if (waiting.length > 0) setImmediate(commit);
    try {
      const outcomes = tracker.together(asked.map(({ work }) => work));
      for (const [i, outcome] of outcomes.entries())
        if (outcome.status === 'fulfilled') asked[i]!.resolve(outcome.value);
        else asked[i]!.reject(outcome.reason);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  return <T>(work: () => T): Promise<T> => {
    const own = deferred<unknown>();
    if (waiting.length === 0) setImmediate(commit);
    waiting.push({ ...own, work });
    return own.promise as Promise<T>;
  };
}

// What a stage's change of status takes along: its run's view of it, its claim, the counts that lists show.
import { and, count, eq, sql } from 'drizzle-orm';
import type { Store } from '../database/database.ts';
import { runs, runStages, stages, trialStages } from '../database/schema.ts';
import type { Status } from '../types.ts';

export const unfinished: Status[] = ['queued', 'running'];

export function findClaim({ db }: Store, key: string): string | null {
  return db.select({ run: stages.claimedBy }).from(stages).where(eq(stages.key, key)).get()?.run ?? null;
}

/** A stage and its run's view of it change together. Once it has ended another run may try it. */
export function setStage(store: Store, runId: string, key: string, status: Status, error: string | null): void {
  const claim = unfinished.includes(status) ? {} : { claimedBy: null };
  store.db
    .update(stages)
    .set({ status, error, ...claim })
    .where(eq(stages.key, key))
    .run();
  setRunStage(store, runId, key, status);
}

export function setRunStage(store: Store, runId: string, key: string, status: Status): void {
  const { db, clock } = store;
  const time = status === 'running' ? { startedMs: clock() } : { endedMs: clock() };
  db.update(runStages)
    .set({ status, ...time })
    .where(and(eq(runStages.runId, runId), eq(runStages.stageKey, key)))
    .run();
  if (status === 'succeeded') countFinished(store, runId);
}

/** What lists show of a run's progress. */
export function countFinished({ db }: Store, runId: string): void {
  const ofRun = eq(runStages.runId, runId);
  const succeeded = sql`sum(${runStages.status} = 'succeeded')`;
  const isFinished = sql`${runStages.status} = 'succeeded'`;
  const finished = db
    .select({ row: trialStages.row })
    .from(trialStages)
    .innerJoin(runStages, and(eq(runStages.runId, trialStages.runId), eq(runStages.stageKey, trialStages.stageKey)))
    .where(eq(trialStages.runId, runId))
    .groupBy(trialStages.row, trialStages.seed)
    .having(sql`min(${isFinished})`);
  db.update(runs)
    .set({
      numStages: sql`(${db.select({ value: count() }).from(runStages).where(ofRun)})`,
      numFinishedStages: sql`(${db
        .select({ value: sql`coalesce(${succeeded}, 0)` })
        .from(runStages)
        .where(ofRun)})`,
      numFinishedTrials: finished.all().length,
    })
    .where(eq(runs.id, runId))
    .run();
}

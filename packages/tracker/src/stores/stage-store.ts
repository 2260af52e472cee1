// Stages: planned, claimed, ended. Every transition is one transaction that compares the stage's status and appends an
// event.
import { and, eq, inArray, notInArray } from 'drizzle-orm';
import { CalmError, canonicalJson, type StageResult } from '@calm-orch/core';
import { countRows, transaction, type Store } from '../database/database.ts';
import { endAttempt, runningTokens } from './attempt-store.ts';
import { appendEvent } from './event-store.ts';
import { isLiveRun } from '../liveness.ts';
import { forgetLedger } from './ledger-store.ts';
import { artifacts, items, runStages, stageMetrics, stages, trialStages } from '../database/schema.ts';
import { findStage, getStage } from './stage-queries.ts';
import { countFinished, findClaim, setRunStage, setStage, unfinished } from './stage-status.ts';
import { workersAt, type RunWorker } from './worker-store.ts';
import type { ArtifactFile, PlannedStage, Status } from '../types.ts';

export function upsertStages(
  store: Store,
  runId: string,
  plan: readonly PlannedStage[] | (() => readonly PlannedStage[]),
): ReadonlySet<string> {
  const { db } = store;
  return transaction(store, () => {
    // Inside: nobody can complete a stage between the look for its artifact and its claim.
    const planned = typeof plan === 'function' ? plan() : plan;
    const keys = planned.map(({ key }) => key);
    db.delete(trialStages).where(eq(trialStages.runId, runId)).run();
    db.delete(runStages)
      .where(and(eq(runStages.runId, runId), notInArray(runStages.stageKey, keys)))
      .run();
    planned.forEach((stage, position) => upsertStage(store, runId, stage, position));
    countFinished(store, runId);
    return new Set(planned.filter(({ key, reuse }) => !reuse && isForeign(store, runId, key)).map(({ key }) => key));
  });
}

/** Whether another run has claimed the stage, and its coordinator or a worker that computes it lives. */
function isForeign(store: Store, runId: string, key: string): boolean {
  const claimedBy = findClaim(store, key);
  if (claimedBy === null || claimedBy === runId) return false;
  return isLiveRun(store, claimedBy) || workersAt(store, claimedBy, key).length > 0;
}

/** Workers that still compute a stage for a run whose coordinator is gone. */
export function strayWorkers(store: Store, key: string): RunWorker[] {
  const claimedBy = findClaim(store, key);
  return claimedBy === null || isLiveRun(store, claimedBy) ? [] : workersAt(store, claimedBy, key);
}

/** Claims a stage another run has had: 'succeeded' when that run made it, 'foreign' while it is at it. */
export function claimStage(store: Store, runId: string, key: string): 'claimed' | 'foreign' | 'succeeded' {
  return transaction(store, () => {
    const stage = getStage(store, key);
    if (stage.status === 'succeeded') {
      reuseStage(store, runId, key);
      return 'succeeded';
    }
    if (isForeign(store, runId, key)) return 'foreign';
    for (const token of runningTokens(store, [key])) endAttempt(store, token, 'lost', 'its run is gone');
    store.db.update(stages).set({ status: 'queued', error: null, claimedBy: runId }).where(eq(stages.key, key)).run();
    return 'claimed';
  });
}

/** Another run has made the stage meanwhile. */
function reuseStage(store: Store, runId: string, key: string): void {
  store.db
    .update(runStages)
    .set({ status: 'succeeded', execution: 'reused' })
    .where(and(eq(runStages.runId, runId), eq(runStages.stageKey, key)))
    .run();
  countFinished(store, runId);
  appendEvent(store, { runId, stageKey: key, type: 'stage reused', message: 'made by another run meanwhile' });
}

function upsertStage(store: Store, runId: string, stage: PlannedStage, position: number): void {
  const { db } = store;
  const { key, kind, role, numItems, reuse } = stage;
  const before = findStage(store, key);
  if (reuse && before?.status !== 'succeeded') {
    throw new CalmError('internal', `stage ${kind} ${key} was planned for reuse but is ${before?.status ?? 'unknown'}`);
  }
  if (!before) {
    db.insert(stages)
      .values({
        key,
        kind,
        role,
        config: canonicalJson(stage.config),
        inputs: canonicalJson(stage.inputs),
        numItems,
        status: 'queued',
        firstRunId: runId,
        createdMs: store.clock(),
        claimedBy: runId,
      })
      .run();
  } else if (!reuse && !isForeign(store, runId, key)) {
    if (before.status === 'succeeded' || stage.restart) db.delete(items).where(eq(items.stageKey, key)).run();
    if (before.status === 'succeeded') forgetLedger(store, key);
    db.update(stages).set({ status: 'queued', error: null, claimedBy: runId }).where(eq(stages.key, key)).run();
  }
  const mine = and(eq(runStages.runId, runId), eq(runStages.stageKey, key));
  const seen = db.select().from(runStages).where(mine).get();
  const madeHere = seen?.status === 'succeeded' && seen.execution === 'executed';
  const execution = !reuse || madeHere ? ('executed' as const) : ('reused' as const);
  const status: Status = reuse ? 'succeeded' : 'queued';
  const times = reuse && seen ? {} : { startedMs: null, endedMs: null };
  db.insert(runStages)
    .values({ runId, stageKey: key, position, execution, status })
    .onConflictDoUpdate({
      target: [runStages.runId, runStages.stageKey],
      set: { position, execution, status, ...times },
    })
    .run();
  for (const { row, seed } of stage.trials) db.insert(trialStages).values({ runId, row, seed, stageKey: key }).run();
  if (!(reuse && seen?.status === 'succeeded')) {
    appendEvent(store, { runId, stageKey: key, type: reuse ? 'stage reused' : 'stage queued', message: kind });
  }
}

export function succeedStage(
  store: Store,
  runId: string,
  key: string,
  result: StageResult,
  files: readonly ArtifactFile[],
): void {
  const { db } = store;
  transaction(store, () => {
    const stage = getStage(store, key);
    const finished = countRows(store, items, eq(items.stageKey, key));
    if (!unfinished.includes(stage.status) || finished < stage.numItems) {
      const state = `it is ${stage.status} with ${finished} of ${stage.numItems} items finished`;
      throw new CalmError('lease_lost', `stage ${stage.kind} ${key} cannot succeed: ${state}`);
    }
    const text = canonicalJson(result);
    if (stage.result && canonicalJson(stage.result) !== text) {
      const message = `made again, with another result: ${canonicalJson(stage.result)} before, ${text} now`;
      appendEvent(store, { runId, stageKey: key, type: 'note', message });
    }
    db.update(stages).set({ result: text }).where(eq(stages.key, key)).run();
    db.delete(stageMetrics).where(eq(stageMetrics.stageKey, key)).run();
    for (const [name, value] of Object.entries(result.metrics ?? {}))
      db.insert(stageMetrics).values({ stageKey: key, name, value }).run();
    db.delete(artifacts).where(eq(artifacts.stageKey, key)).run();
    for (const file of files)
      db.insert(artifacts)
        .values({ stageKey: key, ...file })
        .run();
    setStage(store, runId, key, 'succeeded', null);
    appendEvent(store, { runId, stageKey: key, type: 'stage succeeded', message: stage.kind });
  });
}

export function failStage(store: Store, runId: string, key: string, reason: string): void {
  transaction(store, () => {
    const stage = getStage(store, key);
    if (!unfinished.includes(stage.status)) {
      throw new CalmError('lease_lost', `stage ${stage.kind} ${key} cannot fail: it is ${stage.status}`);
    }
    for (const token of runningTokens(store, [key], runId)) endAttempt(store, token, 'cancelled', 'its stage failed');
    setStage(store, runId, key, 'failed', reason);
    appendEvent(store, { runId, stageKey: key, type: 'stage failed', message: reason });
  });
}

/** When a run ends or is found dead: its running attempts end as `status`, its unfinished stages are cancelled. */
export function releaseUnfinished(store: Store, runId: string, status: 'cancelled' | 'lost', reason: string): void {
  const open = store.db
    .select({ key: runStages.stageKey })
    .from(runStages)
    .where(and(eq(runStages.runId, runId), inArray(runStages.status, unfinished)))
    .all()
    .map(({ key }) => key);
  for (const token of runningTokens(store, open, runId)) endAttempt(store, token, status, reason);
  for (const key of open) {
    // What another run has claimed goes on there.
    if (findClaim(store, key) === runId) setStage(store, runId, key, 'cancelled', null);
    else setRunStage(store, runId, key, 'cancelled');
    appendEvent(store, { runId, stageKey: key, type: 'stage cancelled', message: reason });
  }
}

// Reading stages, items, attempts and artifacts; rows become domain types here.
import { and, eq } from 'drizzle-orm';
import { CalmError, type Json, type StageResult } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { artifacts, attempts, items, runStages, stages, trialStages } from '../database/schema.ts';
import type { ArtifactFile, AttemptRecord, RunStageRecord, StageRecord, TrialRef } from '../types.ts';

export function findStage({ db }: Store, key: string): StageRecord | null {
  const row = db.select().from(stages).where(eq(stages.key, key)).get();
  return row ? toRecord(row) : null;
}

/** Throws `not_found`. */
export const unknownStage = (key: string): CalmError => new CalmError('not_found', `no stage ${key} in the tracker`);

export function getStage(store: Store, key: string): StageRecord {
  const stage = findStage(store, key);
  if (!stage) throw unknownStage(key);
  return stage;
}

export function findSucceededStage(store: Store, key: string): (StageRecord & { artifacts: ArtifactFile[] }) | null {
  const stage = findStage(store, key);
  return stage?.status === 'succeeded' ? { ...stage, artifacts: listArtifacts(store, key) } : null;
}

export function listArtifacts({ db }: Store, key: string): ArtifactFile[] {
  return db
    .select({ path: artifacts.path, bytes: artifacts.bytes, sha256: artifacts.sha256 })
    .from(artifacts)
    .where(eq(artifacts.stageKey, key))
    .orderBy(artifacts.path)
    .all();
}

export function itemResults({ db }: Store, key: string): { item: number; result: StageResult }[] {
  return db
    .select({ item: items.item, result: items.result })
    .from(items)
    .where(eq(items.stageKey, key))
    .orderBy(items.item)
    .all()
    .map(({ item, result }) => ({ item, result: JSON.parse(result) as StageResult }));
}

export function unfinishedItems(store: Store, key: string): number[] {
  const done = new Set(itemResults(store, key).map(({ item }) => item));
  return Array.from({ length: getStage(store, key).numItems }, (_, item) => item).filter((item) => !done.has(item));
}

export function listRunStages({ db }: Store, runId: string): RunStageRecord[] {
  const trialsOf = new Map<string, TrialRef[]>();
  for (const { stageKey, row, seed } of db.select().from(trialStages).where(eq(trialStages.runId, runId)).all()) {
    trialsOf.set(stageKey, [...(trialsOf.get(stageKey) ?? []), { row, seed }]);
  }
  return db
    .select({ stage: stages, mine: runStages })
    .from(runStages)
    .innerJoin(stages, eq(stages.key, runStages.stageKey))
    .where(eq(runStages.runId, runId))
    .orderBy(runStages.position)
    .all()
    .map(({ stage, mine }) => ({
      ...toRecord(stage),
      runId,
      status: mine.status,
      execution: mine.execution,
      startedMs: mine.startedMs,
      endedMs: mine.endedMs,
      trials: trialsOf.get(stage.key) ?? [],
    }));
}

export function listAttempts({ db }: Store, runId: string, stageKey?: string): AttemptRecord[] {
  const ofStage = stageKey === undefined ? undefined : eq(attempts.stageKey, stageKey);
  return db
    .select()
    .from(attempts)
    .where(and(eq(attempts.runId, runId), ofStage))
    .orderBy(attempts.startedMs, attempts.stageKey, attempts.item, attempts.attempt)
    .all()
    .map(({ session: _session, progressed: _progressed, ...record }) => record);
}

function toRecord(row: typeof stages.$inferSelect): StageRecord {
  return {
    key: row.key,
    kind: row.kind,
    config: JSON.parse(row.config) as Json,
    inputs: JSON.parse(row.inputs) as Record<string, string>,
    numItems: row.numItems,
    status: row.status,
    result: row.result === null ? null : (JSON.parse(row.result) as StageResult),
    error: row.error,
    firstRunId: row.firstRunId,
  };
}

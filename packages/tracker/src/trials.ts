// A trial has no state of its own: its status and fingerprint follow from the stages it needs, as its run sees them.
import { and, eq, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Role, StageResult, Status } from '@calm-orch/core';
import type { Store } from './database/database.ts';
import { runStages, stages, trials, trialStages } from './database/schema.ts';
import type { TrialRecord } from './types.ts';

interface TrialStage {
  readonly role: Role;
  readonly status: Status;
  readonly result: string | null;
}

/** Of each run, in order of plan. `status`: the run's as shown. */
export function listTrials(
  { db }: Store,
  runs: readonly { readonly id: string; readonly status: Status }[],
): Map<string, TrialRecord[]> {
  const ids = JSON.stringify(runs.map(({ id }) => id));
  const isWanted = (column: SQLiteColumn) => sql`${column} IN (SELECT value FROM json_each(${ids}))`;
  const stagesOf = new Map<string, TrialStage[]>();
  const linked = db
    .select({
      runId: trialStages.runId,
      row: trialStages.row,
      seed: trialStages.seed,
      role: stages.role,
      status: runStages.status,
      result: stages.result,
    })
    .from(trialStages)
    .innerJoin(runStages, and(eq(runStages.runId, trialStages.runId), eq(runStages.stageKey, trialStages.stageKey)))
    .innerJoin(stages, eq(stages.key, trialStages.stageKey))
    .where(isWanted(trialStages.runId))
    .orderBy(runStages.position)
    .all();
  for (const { runId, row, seed, ...stage } of linked) push(stagesOf, JSON.stringify([runId, row, seed]), stage);
  const found = new Map<string, TrialRecord[]>();
  const statusOf = new Map(runs.map(({ id, status }) => [id, status]));
  const all = db
    .select({ runId: trials.runId, row: trials.row, seed: trials.seed })
    .from(trials)
    .where(isWanted(trials.runId))
    .orderBy(trials.position)
    .all();
  for (const { runId, row, seed } of all) {
    const own = stagesOf.get(JSON.stringify([runId, row, seed])) ?? [];
    const status = trialStatus(own, statusOf.get(runId)!);
    push(found, runId, { row, seed, status, fingerprint: fingerprintOf(own) });
  }
  return found;
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function trialStatus(own: readonly TrialStage[], runStatus: Status): Status {
  const all = (status: Status) => own.length > 0 && own.every((stage) => stage.status === status);
  const any = (status: Status) => own.some((stage) => stage.status === status);
  if (all('succeeded')) return 'succeeded';
  if (any('failed')) return 'failed';
  // An ended run has no unfinished trials: they end as it did.
  if (runStatus !== 'running') return runStatus === 'succeeded' ? 'cancelled' : runStatus;
  return any('running') || any('succeeded') ? 'running' : 'queued';
}

/** Of the last stage planned that has one, once nothing is left to train. `own`: in order of plan. */
function fingerprintOf(own: readonly TrialStage[]): string | null {
  const trained = own.filter(({ role }) => role === 'trainer');
  if (trained.some(({ status }) => status !== 'succeeded')) return null;
  const fingerprints = trained.flatMap(({ result }) => (JSON.parse(result ?? '{}') as StageResult).fingerprint ?? []);
  return fingerprints.at(-1) ?? null;
}

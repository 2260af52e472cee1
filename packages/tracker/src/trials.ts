// A trial has no state of its own: its status and fingerprint follow from the stages it needs, as its run sees them.
import { and, eq } from 'drizzle-orm';
import type { Role, StageResult, Status } from '@calm-orch/core';
import type { Store } from './database/database.ts';
import { runStages, stages, trials, trialStages } from './database/schema.ts';
import type { TrialRecord } from './types.ts';

interface TrialStage {
  readonly role: Role;
  readonly status: Status;
  readonly result: string | null;
}

/** In order of plan. `runStatus` is the run's status as shown. */
export function listTrials({ db }: Store, runId: string, runStatus: Status): TrialRecord[] {
  const stagesOf = new Map<string, TrialStage[]>();
  const linked = db
    .select({
      row: trialStages.row,
      seed: trialStages.seed,
      role: stages.role,
      status: runStages.status,
      result: stages.result,
    })
    .from(trialStages)
    .innerJoin(runStages, and(eq(runStages.runId, trialStages.runId), eq(runStages.stageKey, trialStages.stageKey)))
    .innerJoin(stages, eq(stages.key, trialStages.stageKey))
    .where(eq(trialStages.runId, runId))
    .orderBy(runStages.position)
    .all();
  for (const { row, seed, ...stage } of linked) {
    const id = JSON.stringify([row, seed]);
    stagesOf.set(id, [...(stagesOf.get(id) ?? []), stage]);
  }
  return db
    .select({ row: trials.row, seed: trials.seed })
    .from(trials)
    .where(eq(trials.runId, runId))
    .orderBy(trials.position)
    .all()
    .map(({ row, seed }) => {
      const own = stagesOf.get(JSON.stringify([row, seed])) ?? [];
      return { row, seed, status: trialStatus(own, runStatus), fingerprint: fingerprintOf(own) };
    });
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

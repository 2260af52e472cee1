// A trial has no state of its own: its status and fingerprint follow from the stages it needs, as its run sees them.
import { and, eq } from 'drizzle-orm';
import type { StageKind, StageResult, Status } from '@calm-orch/core';
import type { Store } from './database/database.ts';
import { runStages, stages, trials, trialStages } from './database/schema.ts';
import type { TrialRecord } from './types.ts';

/** Kinds that train weights, in the order a trial goes through them: the last one planned holds its final weights. */
const trainingKinds: readonly StageKind[] = [
  'foundation',
  'pretrain-ssl',
  'pretrain-generic',
  'finetune-comment',
  'finetune-score',
  'finetune-personal',
];

interface TrialStage {
  readonly kind: string;
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
      kind: stages.kind,
      status: runStages.status,
      result: stages.result,
    })
    .from(trialStages)
    .innerJoin(runStages, and(eq(runStages.runId, trialStages.runId), eq(runStages.stageKey, trialStages.stageKey)))
    .innerJoin(stages, eq(stages.key, trialStages.stageKey))
    .where(eq(trialStages.runId, runId))
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

function fingerprintOf(own: readonly TrialStage[]): string | null {
  const rank = (stage: TrialStage) => trainingKinds.indexOf(stage.kind as StageKind);
  const [last] = own.filter((stage) => rank(stage) >= 0).sort((a, b) => rank(b) - rank(a));
  if (last?.status !== 'succeeded' || last.result === null) return null;
  return (JSON.parse(last.result) as StageResult).fingerprint ?? null;
}

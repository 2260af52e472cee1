// Proves from the ledger that each sample of each step of a training stage entered its weights exactly once: every
// (step, shard) must be applied by one attempt, no more and no less. Which samples a shard holds is a function of the step
// (trainer's sample-order.ts), so shards stand for samples.
import { gangKinds, type StageKind } from '@calm-orch/core';
import type { LedgerRow, RunStageRecord, Tracker } from '@calm-orch/tracker';

export interface AuditedStage {
  readonly key: string;
  readonly kind: StageKind;
  readonly steps: number;
  readonly shards: number;
  /** (step, shard) pairs in the weights, each counted as often as it is there. */
  readonly applied: number;
  /** First few pairs that are missing or there more than once. */
  readonly missing: readonly StepShard[];
  readonly repeated: readonly StepShard[];
  /** Pairs computed on weights that were given up. */
  readonly superseded: number;
  readonly workers: readonly string[];
  readonly attempts: number;
  readonly ok: boolean;
}

export interface StepShard {
  readonly step: number;
  readonly shard: number;
}

export interface Audit {
  readonly run: string;
  readonly ok: boolean;
  readonly stages: readonly AuditedStage[];
}

const shown = 5;

/** All training stages of the run that have succeeded, made here or reused. */
export function auditRun(tracker: Tracker, runId: string): Audit {
  const stages = tracker
    .listRunStages(runId)
    .filter(({ kind, status }) => gangKinds.has(kind) && status === 'succeeded')
    .map((stage) => auditStage(stage, tracker.listLedger(stage.key)));
  return { run: runId, ok: stages.every(({ ok }) => ok), stages };
}

/** Pure. `rows` are the ledger of the stage. */
export function auditStage(
  { key, kind, config }: Pick<RunStageRecord, 'key' | 'kind' | 'config'>,
  rows: readonly LedgerRow[],
): AuditedStage {
  const { steps, shards } = sizeOf(kind, config);
  const counts = new Uint32Array(steps * shards);
  let superseded = 0;
  let outside = 0;
  for (const { firstStep, endStep, firstShard, endShard, outcome } of rows) {
    if (outcome === 'superseded') superseded += (endStep - firstStep) * (endShard - firstShard);
    else
      for (let step = firstStep; step < endStep; step++)
        for (let shard = firstShard; shard < endShard; shard++)
          if (step < steps && shard < shards) counts[step * shards + shard]!++;
          else outside++;
  }
  const missing: StepShard[] = [];
  const repeated: StepShard[] = [];
  let applied = outside;
  let ok = outside === 0;
  counts.forEach((count, i) => {
    applied += count;
    if (count === 1) return;
    ok = false;
    const found = count === 0 ? missing : repeated;
    if (found.length < shown) found.push({ step: Math.floor(i / shards), shard: i % shards });
  });
  const inWeights = rows.filter(({ outcome }) => outcome === 'applied');
  return {
    ...{ key, kind, steps, shards, applied, missing, repeated, superseded, ok },
    workers: [...new Set(inWeights.map(({ worker }) => worker))].sort(),
    attempts: new Set(inWeights.map(({ attempt }) => attempt)).size,
  };
}

/** `pretrain-ssl` reads its budget from `pretrainSsl`. */
function sizeOf(kind: StageKind, config: unknown): { steps: number; shards: number } {
  const member = kind.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const slice = config as Record<string, { steps?: number; stepShards?: number }>;
  return { steps: slice[member]?.steps ?? 0, shards: slice['train']?.stepShards ?? 0 };
}

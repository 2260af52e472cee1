// Proves that each sample of each step of a training stage entered its weights exactly once. What the configuration demands
// is worked out here: every step in turn, every shard by one member of a roster, each step with the samples that seed and
// stage give it. Compared with that is the lineage of the weights: which steps were computed, in which order, under which
// roster, and a digest of the samples that were cut into shards each time. The chain of digests of the state is looked at too.
import { demandedDigests, type StageDefinition, type StageKind, type TrainingBudget } from '@calm-orch/core';
import type { LedgerRow, RunStageRecord, StateLink, ToldLineage, Tracker } from '@calm-orch/tracker';
import { chainProblems } from './state-chain.ts';

export interface AuditedStage {
  readonly key: string;
  readonly kind: StageKind;
  readonly steps: number;
  readonly shards: number;
  /** (step, shard) pairs in the weights, each counted as often as it is there. */
  readonly applied: number;
  /** Pairs that are missing, and pairs that are there more than once. */
  readonly numMissing: number;
  readonly numRepeated: number;
  /** The first few of these. */
  readonly missing: readonly StepShard[];
  readonly repeated: readonly StepShard[];
  /** First few steps that were computed out of turn, or with other samples than theirs. */
  readonly wrong: readonly WrongStep[];
  /** Whether the order of steps and their samples were recorded: earlier versions kept ranges of steps alone. */
  readonly exact: boolean;
  /** Pairs computed on weights that were given up. */
  readonly superseded: number;
  /** Digests of the state that were recorded, and the last link of their chain; null: none, by an earlier version. */
  readonly digests: number;
  readonly lastLink: string | null;
  readonly workers: readonly string[];
  readonly attempts: number;
  /** In words; none where all is well. */
  readonly problems: readonly string[];
  readonly ok: boolean;
}

export interface StepShard {
  readonly step: number;
  readonly shard: number;
}

export interface WrongStep {
  /** Its place among the steps computed. */
  readonly step: number;
  /** The step whose samples it had; null: no step's. */
  readonly samplesOf: number | null;
}

export interface Audit {
  readonly run: string;
  readonly ok: boolean;
  readonly stages: readonly AuditedStage[];
}

const shown = 5;

/** All training stages of the run that have succeeded, made here or reused. */
export function auditRun(tracker: Tracker, runId: string, kinds: readonly StageDefinition[]): Audit {
  const budgets = new Map(kinds.map(({ kind, budget }) => [kind, budget]));
  const stages = tracker.listRunStages(runId).flatMap((stage) => {
    const budget = budgets.get(stage.kind);
    if (budget === undefined || stage.status !== 'succeeded') return [];
    const links = tracker.listStateLinks(stage.key);
    return auditStage(stage, budget, tracker.listLedger(stage.key), tracker.findLineage(stage.key), links);
  });
  return { run: runId, ok: stages.every(({ ok }) => ok), stages };
}

/** Pure. `budget`: where its slice has steps and batch size; `rows` are the ledger of the stage; `lineage` is null for stages of earlier versions. */
export function auditStage(
  { key, kind, config }: Pick<RunStageRecord, 'key' | 'kind' | 'config'>,
  budget: TrainingBudget,
  rows: readonly LedgerRow[],
  lineage: ToldLineage | null,
  links: readonly StateLink[],
): AuditedStage {
  const demand = demandOf(config, budget);
  const { steps, shards } = demand;
  const counts = new Uint32Array(steps * shards);
  let superseded = 0;
  const outside: StepShard[] = [];
  for (const { firstStep, endStep, firstShard, endShard, outcome } of rows) {
    if (outcome === 'superseded') superseded += (endStep - firstStep) * (endShard - firstShard);
    else
      for (let step = firstStep; step < endStep; step++)
        for (let shard = firstShard; shard < endShard; shard++)
          if (step < steps && shard < shards) counts[step * shards + shard]!++;
          else outside.push({ step, shard });
  }
  const missing: StepShard[] = [];
  const repeated: StepShard[] = [];
  let applied = outside.length;
  let [numMissing, numRepeated] = [0, 0];
  counts.forEach((count, i) => {
    applied += count;
    if (count === 1) return;
    if (count === 0) numMissing++;
    else numRepeated++;
    const found = count === 0 ? missing : repeated;
    if (found.length < shown) found.push({ step: Math.floor(i / shards), shard: i % shards });
  });
  const wrong = lineage === null ? [] : wrongSteps(demand, lineage);
  const inWeights = rows.filter(({ outcome }) => outcome === 'applied');
  const attemptsAt = (step: number): string => {
    const found = inWeights.filter(({ firstStep, endStep }) => firstStep <= step && step < endStep);
    // Of a step that nobody has computed: the attempt that finished without it.
    const attempts = found.length > 0 ? found.map(({ attempt }) => attempt) : lineage === null ? [] : [lineage.attempt];
    return attempts.length === 0 ? '' : ` (attempt ${[...new Set(attempts)].join(', ')})`;
  };
  const pair = ({ step, shard }: StepShard): string => `step ${step} shard ${shard}${attemptsAt(step)}`;
  const problems = [
    ...missing.map((at) => `${pair(at)} is missing`),
    ...repeated.map((at) => `${pair(at)} is there more than once`),
    ...outside.slice(0, shown).map((at) => `${pair(at)} is not part of the training`),
    ...wrong.map(
      ({ step, samplesOf }) =>
        `step ${step}${attemptsAt(step)} was computed with ${samplesOf === null ? "no step's samples" : `the samples of step ${samplesOf}`}`,
    ),
    ...chainProblems(key, steps, links),
  ];
  return {
    key,
    kind,
    steps,
    shards,
    applied,
    numMissing,
    numRepeated,
    missing,
    repeated,
    wrong,
    exact: lineage !== null,
    superseded,
    digests: links.length,
    lastLink: links.at(-1)?.link ?? null,
    workers: [...new Set(inWeights.map(({ worker }) => worker))].sort(),
    attempts: new Set(inWeights.map(({ attempt }) => attempt)).size,
    problems,
    ok: problems.length === 0,
  };
}

/** Steps in the order they were computed, against the order and the samples they should have had. */
function wrongSteps({ steps, shards, ...demand }: Demand, { applied, lists }: ToldLineage): WrongStep[] {
  const demanded = demandedDigests({ ...demand, lists, steps, numShards: shards });
  const stepOf = new Map(demanded.map((digest, step) => [digest, step]));
  const wrong: WrongStep[] = [];
  let place = 0;
  for (const { firstStep, samples } of applied)
    samples.forEach((digest, i) => {
      const isWrong = firstStep + i !== place || (place < steps && digest !== demanded[place]);
      if (isWrong && wrong.length < shown) wrong.push({ step: place, samplesOf: stepOf.get(digest) ?? null });
      place++;
    });
  return wrong;
}

interface Demand {
  readonly steps: number;
  readonly shards: number;
  readonly batchSize: number;
  readonly seed: number;
}

function demandOf(config: unknown, budget: TrainingBudget): Demand {
  const slice = config as Record<string, { steps?: number; stepShards?: number; batchSize?: number }>;
  const { steps = 0, batchSize = 0 } = slice[budget] ?? {};
  return { steps, batchSize, shards: slice['train']?.stepShards ?? 0, seed: Number(slice['seed']) };
}

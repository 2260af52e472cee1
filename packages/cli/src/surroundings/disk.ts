// Whether what the stages that are left will write fits the disk of the run folder, by sizes in the configuration.
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  CalmError,
  hiddenStateBytes,
  numPhotographs,
  type Experiment,
  type PhotographSet,
  type TrialConfig,
} from '@calm-orch/core';
import type { Plan, PlanStage } from '@calm-orch/coordinator';
import { byteSize } from '../views/format.ts';

/** Bytes of the artifact, and of its checkpoints while it is trained. */
export interface StageBytes {
  readonly artifact: number;
  readonly checkpoints: number;
}

/** Two checkpoints are kept, and a third is written before the older one goes. */
const checkpointsAtOnce = 3;
/** Weights and Adam's two moments. */
const numbersPerTrained = 3;

/** Hidden states and weights of a stage, weights at four bytes each; of other stages, nothing. */
export async function stageBytes(
  { kind, config }: Pick<PlanStage, 'kind' | 'config'>,
  trial: TrialConfig,
): Promise<StageBytes> {
  if (kind === 'encode') {
    const { what } = config as { readonly what: PhotographSet };
    const photographs = what === 'real' ? 0 : numPhotographs(trial, what);
    return { artifact: photographs * hiddenStateBytes(trial), checkpoints: 0 };
  }
  if (!kind.startsWith('pretrain-') && !kind.startsWith('finetune-')) return { artifact: 0, checkpoints: 0 };
  const { heldAndTrained, parameterCounts } = await import('@calm-orch/model');
  const { mfam, llm } = parameterCounts(trial);
  const isWhole = kind.startsWith('finetune-');
  const { trained } = isWhole
    ? heldAndTrained(trial, { finetune: trial.finetune, loraRank: trial.lora.rank })
    : { trained: mfam };
  return {
    artifact: 4 * (isWhole ? mfam + llm : mfam),
    checkpoints: 4 * numbersPerTrained * checkpointsAtOnce * trained,
  };
}

/** Stages of a plan with their bytes; those that belong to no trial are left out. */
export async function bytesOfStages(
  plan: Pick<Plan, 'stages'>,
  trialOf: (row: string) => TrialConfig | undefined,
): Promise<(StageBytes & { readonly stage: PlanStage; readonly trial: TrialConfig })[]> {
  const sized = plan.stages.map(async (stage) => {
    const trial = stage.trials.length > 0 ? trialOf(stage.trials[0]!.row) : undefined;
    return trial === undefined ? [] : [{ ...(await stageBytes(stage, trial)), stage, trial }];
  });
  return (await Promise.all(sized)).flat();
}

/** The trial of each row, by its first seed. */
export function trialsOf({ rows, seeds }: Experiment): (row: string) => TrialConfig | undefined {
  const trials = new Map(rows.map((row) => [row.row, row.config(seeds[0]!)]));
  return (row) => trials.get(row);
}

/** Bytes free for this user where a folder is, or will be made. */
function freeBytes(dir: string): number {
  const place = existsSync(dir) ? dir : dirname(dir);
  if (place !== dir && !existsSync(place)) return freeBytes(place);
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize;
}

/**
 * @param free Bytes free in `dir`. @default what the system says
 * @throws CalmError `io` where stages that are not done write more.
 */
export async function checkDisk(
  plan: Pick<Plan, 'stages'>,
  experiment: Experiment,
  isDone: (key: string) => boolean,
  dir: string,
  free: () => number = () => freeBytes(dir),
): Promise<void> {
  const left = { stages: plan.stages.filter(({ key }) => !isDone(key)) };
  const sized = await bytesOfStages(left, trialsOf(experiment));
  const sum = (of: typeof sized): number => of.reduce((total, { artifact }) => total + artifact, 0);
  const states = sum(sized.filter(({ stage }) => stage.kind === 'encode'));
  const weights = sum(sized) - states;
  const checkpoints = sized.reduce((most, one) => Math.max(most, one.checkpoints), 0);
  const needed = states + weights + checkpoints;
  const available = free();
  if (needed <= available) return;
  const parts = [
    [states, 'hidden states'],
    [weights, 'weights'],
    [checkpoints, 'checkpoints of one stage'],
  ] as const;
  const named = parts.filter(([bytes]) => bytes > 0).map(([bytes, what]) => `${byteSize(bytes)} of ${what}`);
  const remedies = [
    ...(states > 0 ? ['compute hidden states where they are read (--set encode.store=none)'] : []),
    'name a folder on another disk (--dir)',
    'or free some space',
  ];
  throw new CalmError(
    'io',
    `${dir}: the stages that are left write at least ${byteSize(needed)} (${named.join(', ')}), ${byteSize(available)} are free: ${remedies.join(', ')}`,
  );
}

// What the run would need that a rehearsal rehearses: photographs, disk, memory, time, and what is missing.
import type { Experiment, TrialConfig } from '@calm-orch/core';
import type { Plan, PlanSources } from '@calm-orch/coordinator';
import { columns } from '@calm-orch/report';
import { needLines, needsOf } from '../surroundings/check-needs.ts';
import { costsOf, largestConfig, type Costs, type Machine } from './costs.ts';
import { renderCosts, span } from './costs-text.ts';

export interface FullRun {
  /** Photographs before any limit; empty for the embedded data, which are made. */
  readonly pools: readonly { readonly pool: string; readonly found: number; readonly wanted: number }[];
  /** By kind of stage: how many there are, and the hidden states and weights they leave on disk, four bytes a number. */
  readonly disk: readonly { readonly stage: string; readonly count: number; readonly bytes: number }[];
  /** Of all stages, matrix products alone. */
  readonly flops: number;
  /** Sentences: what would stop the run or cost rows of it. */
  readonly missing: readonly string[];
  readonly costs: Costs;
}

export async function fullRunOf(experiment: Experiment, sources: PlanSources, machine: Machine): Promise<FullRun> {
  const rows = experiment.rows.map((row) => ({ ...row, config: (seed: number) => row.fullConfig(seed) }));
  const full: Experiment = { ...experiment, rows };
  const needs = await needsOf(full);
  const config = await largestConfig([full]);
  const numComments = Math.max(...rows.map((row) => row.config(0).evaluate.numComments));
  const found = config.data.source === 'files' ? await poolsOf(config, numComments, asksQuestions(full)) : [];
  return {
    pools: found.map(({ pool, found: number, wanted }) => ({ pool, found: number, wanted })),
    ...(await workOf(full, sources)),
    missing: [...new Set([...needLines(needs), ...needs.notes, ...found.flatMap(({ problem }) => problem ?? [])])],
    costs: await costsOf(config, machine),
  };
}

const asksQuestions = ({ rows, seeds }: Experiment): boolean => rows.some((row) => row.config(seeds[0]!).questions.use);

async function poolsOf({ data, comments }: TrialConfig, numComments: number, withQuestions: boolean) {
  const { foundPools } = await import('@calm-orch/datasets');
  const wanted = {
    'scoring, train': data.numTrain,
    'scoring, test': data.numTest,
    'commenting, train': comments.numPhotographs,
    'commenting, test': numComments,
    unlabelled: data.numUnlabeled,
    generic: data.numGeneric,
    questions: data.numQuestions,
  };
  return (await foundPools(data, withQuestions)).map((found) => ({ ...found, wanted: wanted[found.pool] }));
}

/** What the stages of all rows leave on disk, by kind, and their arithmetic. */
async function workOf(full: Experiment, sources: PlanSources): Promise<Pick<FullRun, 'disk' | 'flops'>> {
  const { planExperiment } = await import('@calm-orch/coordinator');
  const { flopsPerImage, parameterCounts, trialFlops } = await import('@calm-orch/model');
  // The models may not be there, and no key is asked for.
  const plan: Plan = planExperiment(full, { ...sources, foundation: () => ({ key: 'not read', file: '' }) });
  const configOf = new Map(full.rows.map((row) => [row.row, row.config(full.seeds[0]!)]));
  const disk = new Map<string, { count: number; bytes: number }>();
  let flops = 0;
  for (const { kind, config, trials } of plan.stages) {
    const trial = trials.length > 0 ? configOf.get(trials[0]!.row) : undefined;
    if (trial === undefined) continue;
    const { mfam, llm } = parameterCounts(trial);
    let numbers = 0;
    if (kind === 'encode') {
      const photographs = encoded(trial, (config as { readonly what: string }).what);
      const tokens = (trial.vision.imageSize / trial.vision.patchSize) ** 2 + 1;
      numbers = photographs * tokens * trial.vision.hiddenSize * new Set(Object.values(trial.mfam.taps)).size;
      flops += photographs * flopsPerImage(trial).vision;
    } else {
      if (kind.startsWith('finetune-')) numbers = mfam + llm;
      if (kind.startsWith('pretrain-')) numbers = mfam;
      flops += trialFlops(trial).find(({ stage }) => stage === kind)?.flops ?? 0;
    }
    if (numbers === 0) continue;
    const { count, bytes } = disk.get(kind) ?? { count: 0, bytes: 0 };
    disk.set(kind, { count: count + 1, bytes: bytes + 4 * numbers });
  }
  return { flops, disk: [...disk].map(([stage, sum]) => ({ stage, ...sum })) };
}

/** Photographs of a set of hidden states. */
function encoded({ augment, data, personal }: TrialConfig, what: string): number {
  const photographs: Readonly<Record<string, number>> = {
    labeled: data.numTrain + data.numTest,
    generic: data.numGeneric,
    ssl: (1 + augment.draws) * data.numUnlabeled,
    questions: data.source === 'files' ? data.numQuestions : 0,
    personal: personal.train.photos + personal.test.photos,
  };
  return photographs[what] ?? 0;
}

export function renderFullRun({ pools, disk, flops, missing, costs }: FullRun): string {
  const gigabytes = (bytes: number): string => (bytes / 1e9).toPrecision(3);
  const number = (value: number): string => value.toLocaleString('en-US');
  const all = disk.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    'What the full run would need:',
    ...(pools.length > 0
      ? [
          columns([
            ['photographs', 'found', 'configured'],
            ...pools.map(({ pool, found, wanted }) => [pool, number(found), number(wanted)]),
          ]).join('\n'),
        ]
      : []),
    columns([
      ['on disk', 'stages', 'GB'],
      ...disk.map(({ stage, count, bytes }) => [stage, String(count), gigabytes(bytes)]),
      ['all', '', gigabytes(all)],
    ]).join('\n'),
    renderCosts(costs),
    `All stages of all rows: ${(flops / 1e12).toFixed(0)} TFLOP${timeText(flops, costs)}.`,
    missing.length > 0 ? ['Missing:', ...missing.map((what) => `- ${what}`)].join('\n') : 'Nothing is missing.',
  ].join('\n\n');
}

function timeText(flops: number, { gflops, gpus }: Costs): string {
  if (gflops === null) return '';
  const count = gflops.source === 'given' ? gpus : 1;
  return `, ${span((flops / (gflops.value * 1e9 * count)) * 1000)} at the same rate`;
}

// What the run would need that a rehearsal rehearses: photographs, disk, memory, time, and what is missing.
import { numPhotographs, type Experiment, type PhotographSet, type TrialConfig } from '@calm-orch/core';
import type { Plan, PlanSources } from '@calm-orch/coordinator';
import { columns } from '@calm-orch/report';
import { needLines, needsOf } from '../surroundings/check-needs.ts';
import { bytesOfStages, trialsOf } from '../surroundings/disk.ts';
import { costsOf, largestConfig, type Costs, type Machine } from './costs.ts';
import { renderCosts, span } from './costs-text.ts';
import { byteSize } from './format.ts';

export interface FullRun {
  /** Photographs before any limit; empty for the embedded data, which are made. */
  readonly pools: readonly { readonly pool: string; readonly found: number; readonly wanted: number }[];
  /** By kind of stage: how many there are, and the hidden states and weights they leave on disk. */
  readonly disk: readonly { readonly stage: string; readonly count: number; readonly bytes: number }[];
  /** Beside those, while the largest stage is trained. */
  readonly checkpointBytes: number;
  /** What the rows' `encode.store` is. */
  readonly stores: readonly string[];
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

async function poolsOf({ data, comments, evaluate }: TrialConfig, numComments: number, withQuestions: boolean) {
  const { foundPools } = await import('@calm-orch/datasets');
  const wanted = {
    'scoring, train': data.numTrain,
    'scoring, val': data.numVal,
    'scoring, test': data.numTest,
    'commenting, train': comments.numPhotographs,
    'commenting, val': evaluate.split === 'val' ? numComments : 0,
    'commenting, test': evaluate.split === 'test' ? numComments : 0,
    unlabelled: data.numUnlabeled,
    generic: data.numGeneric,
    questions: data.numQuestions,
  };
  return (await foundPools(data, withQuestions)).map((found) => ({ ...found, wanted: wanted[found.pool] }));
}

/** What the stages of all rows leave on disk, by kind, and their arithmetic. */
async function workOf(
  full: Experiment,
  sources: PlanSources,
): Promise<Pick<FullRun, 'disk' | 'checkpointBytes' | 'stores' | 'flops'>> {
  const { planExperiment } = await import('@calm-orch/coordinator');
  const { flopsPerImage, trialFlops } = await import('@calm-orch/model');
  // The models may not be there, and no key is asked for.
  const plan: Plan = planExperiment(full, { ...sources, foundation: () => ({ key: 'not read', file: '' }) });
  const disk = new Map<string, { count: number; bytes: number }>();
  const [stores, checkpoints] = [new Set<string>(), [0]];
  let flops = 0;
  for (const { stage, trial, artifact, checkpoints: own } of await bytesOfStages(plan, trialsOf(full))) {
    const { kind, config } = stage;
    stores.add(trial.encode.store);
    checkpoints.push(own);
    if (kind === 'encode') {
      const { what } = config as { readonly what: PhotographSet };
      flops += what === 'real' ? 0 : numPhotographs(trial, what) * flopsPerImage(trial).vision;
    } else flops += trialFlops(trial).find((one) => one.stage === kind)?.flops ?? 0;
    if (artifact === 0) continue;
    const { count, bytes } = disk.get(kind) ?? { count: 0, bytes: 0 };
    disk.set(kind, { count: count + 1, bytes: bytes + artifact });
  }
  return {
    flops,
    disk: [...disk].map(([stage, sum]) => ({ stage, ...sum })),
    checkpointBytes: Math.max(...checkpoints),
    stores: [...stores].sort(),
  };
}

/** What `encode.store` means for the disk. */
const storeNotes: Readonly<Record<string, string>> = {
  all: 'Hidden states are stored once for all stages (encode.store: all).',
  none: 'Hidden states are computed by the stages that read them, and not stored (encode.store: none).',
};

export function renderFullRun(full: FullRun): string {
  const { costs, missing } = full;
  return [
    'What the full run would need:',
    ...workLines(full),
    renderCosts(costs),
    totalLine(full),
    missing.length > 0 ? ['Missing:', ...missing.map((what) => `- ${what}`)].join('\n') : 'Nothing is missing.',
  ].join('\n\n');
}

/** Of an experiment whose costs are printed for it and others together. */
export const renderWork = (name: string, full: FullRun): string =>
  [`What ${name} needs:`, ...workLines(full), totalLine(full)].join('\n\n');

/** Photographs and disk. */
function workLines({ pools, disk, checkpointBytes, stores }: FullRun): string[] {
  const number = (value: number): string => value.toLocaleString('en-US');
  const all = disk.reduce((sum, { bytes }) => sum + bytes, checkpointBytes);
  return [
    ...(pools.length > 0
      ? [
          columns([
            ['photographs', 'found', 'configured'],
            ...pools.map(({ pool, found, wanted }) => [pool, number(found), number(wanted)]),
          ]).join('\n'),
        ]
      : []),
    [
      ...columns([
        ['on disk', 'stages', 'size'],
        ...disk.map(({ stage, count, bytes }) => [stage, String(count), byteSize(bytes)]),
        ['checkpoints', '1', byteSize(checkpointBytes)],
        ['all', '', byteSize(all)],
      ]),
      ...stores.map((store) => storeNotes[store]!),
    ].join('\n'),
  ];
}

function totalLine({ flops, costs: { gflops, gpus } }: FullRun): string {
  const all = `All stages of all rows: ${(flops / 1e12).toFixed(0)} TFLOP`;
  if (gflops === null) return `${all}.`;
  const seconds = flops / (gflops.value * 1e9);
  if (gflops.source === 'measured') return `${all}, ${span(seconds * 1000)} at the same rate.`;
  const hours = (seconds / 3600).toLocaleString('en-US', { maximumSignificantDigits: 3 });
  return `${all}, ${hours} GPU hours, ${span((seconds / gpus) * 1000)} on ${gpus} GPUs at the same rate.`;
}

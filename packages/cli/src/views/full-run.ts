// What the run would need that a rehearsal rehearses: photographs, disk, memory, time, and what is missing.
import type { Experiment, TrialConfig } from '@calm-orch/core';
import type { Plan, PlanSources } from '@calm-orch/coordinator';
import { columns } from '@calm-orch/report';
import { needsOf, problemText } from '../surroundings/check-needs.ts';
import { costsOf, largestConfig, type Costs, type Machine } from './costs.ts';
import { renderCosts } from './costs-text.ts';

export interface FullRun {
  /** Photographs before any limit; empty for the embedded data, which are made. */
  readonly pools: readonly { readonly pool: string; readonly found: number; readonly wanted: number }[];
  /** By kind of stage: how many there are, and what they leave on disk together. */
  readonly disk: readonly { readonly stage: string; readonly count: number; readonly bytes: number }[];
  /** Sentences: what would stop the run or cost rows of it. */
  readonly missing: readonly string[];
  readonly costs: Costs;
}

export async function fullRunOf(experiment: Experiment, sources: PlanSources, machine: Machine): Promise<FullRun> {
  const rows = experiment.rows.map((row) => ({ ...row, config: (seed: number) => row.fullConfig(seed) }));
  const full: Experiment = { ...experiment, rows };
  const config = await largestConfig([full]);
  const found = config.data.source === 'files' ? await poolsOf(config, asksQuestions(full)) : [];
  const { problems, notes } = await needsOf(full);
  return {
    pools: found.map(({ pool, found: number, wanted }) => ({ pool, found: number, wanted })),
    disk: await diskOf(full, sources),
    missing: [
      ...problems.map((problem) => problemText(problem, full)),
      ...notes,
      ...found.flatMap(({ problem }) => problem ?? []),
    ],
    costs: await costsOf(config, machine),
  };
}

const asksQuestions = ({ rows, seeds }: Experiment): boolean => rows.some((row) => row.config(seeds[0]!).questions.use);

async function poolsOf({ data, comments, evaluate }: TrialConfig, withQuestions: boolean) {
  const { foundPools } = await import('@calm-orch/datasets');
  const wanted = {
    'scoring, train': data.numTrain,
    'scoring, test': data.numTest,
    'commenting, train': comments.numPhotographs,
    'commenting, test': evaluate.numComments,
    unlabelled: data.numUnlabeled,
    generic: data.numGeneric,
    questions: data.numQuestions,
  };
  return (await foundPools(data, withQuestions)).map((found) => ({ ...found, wanted: wanted[found.pool] }));
}

/** Hidden states and trained weights, four bytes a number; copies of photographs are not counted. */
async function diskOf(full: Experiment, sources: PlanSources): Promise<FullRun['disk']> {
  const { planExperiment } = await import('@calm-orch/coordinator');
  // The models may not be there, and no key is asked for.
  const plan: Plan = planExperiment(full, { ...sources, foundation: () => ({ key: 'not read', file: '' }) });
  const configOf = new Map(full.rows.map((row) => [row.row, row.config(full.seeds[0]!)]));
  const { parameterCounts } = await import('@calm-orch/model');
  const byStage = new Map<string, { count: number; bytes: number }>();
  for (const { kind, config, trials } of plan.stages) {
    const trial = trials.length > 0 ? configOf.get(trials[0]!.row) : undefined;
    if (trial === undefined) continue;
    const { mfam, llm } = parameterCounts(trial);
    const number =
      kind === 'encode'
        ? statesOf(trial, (config as { readonly what: string }).what)
        : kind.startsWith('finetune-')
          ? mfam + llm
          : kind.startsWith('pretrain-')
            ? mfam
            : 0;
    if (number === 0) continue;
    const { count, bytes } = byStage.get(kind) ?? { count: 0, bytes: 0 };
    byStage.set(kind, { count: count + 1, bytes: bytes + 4 * number });
  }
  return [...byStage].map(([stage, sum]) => ({ stage, ...sum }));
}

/** Numbers in the hidden states of a set of photographs. */
function statesOf({ data, personal, vision, mfam }: TrialConfig, what: string): number {
  const photographs: Readonly<Record<string, number>> = {
    labeled: data.numTrain + data.numTest,
    generic: data.numGeneric,
    questions: data.source === 'files' ? data.numQuestions : 0,
    ssl: 2 * data.numUnlabeled,
    personal: personal.train.photos + personal.test.photos,
  };
  const tokens = (vision.imageSize / vision.patchSize) ** 2 + 1;
  return (photographs[what] ?? 0) * tokens * vision.hiddenSize * new Set(Object.values(mfam.taps)).size;
}

export function renderFullRun({ pools, disk, missing, costs }: FullRun): string {
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
    missing.length > 0 ? ['Missing:', ...missing.map((what) => `- ${what}`)].join('\n') : 'Nothing is missing.',
  ].join('\n\n');
}

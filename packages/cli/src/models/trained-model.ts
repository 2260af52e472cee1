// Which trained model is meant: of a run or of the newest that has one, of a row or the full model, of a seed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type StageKind, type TrialConfig } from '@calm-orch/core';
import { restoreExperiment } from '@calm-orch/core/config';
import { hasTracker, openTracker, type ListedRun, type RunRecord, type Tracker } from '@calm-orch/tracker';
import { inTable, isFullModel } from './full-model.ts';
import { namedRun } from '../options/named-run.ts';

export interface TrainedModel {
  readonly run: string;
  readonly row: string;
  readonly seed: number;
  readonly config: TrialConfig;
  /** Folder of the pretrained models it started from. */
  readonly foundation: string;
  /** File of its weights. */
  readonly model: string;
}

/** Of what is not said, the newest run, the full model, the first seed. */
export interface Wanted {
  readonly run?: string;
  readonly row?: string;
  readonly seed?: number;
}

/** The wanted trial's model in the named run, or in the newest run that has one. Throws `unavailable`, `not_found`. */
export async function findModel(dir: string, wanted: Wanted, kind: StageKind): Promise<TrainedModel> {
  if (!hasTracker(dir)) throw noModel(dir, wanted, []);
  const tracker = openTracker(dir, { access: 'read' });
  try {
    const runs =
      wanted.run === undefined ? tracker.listRuns().filter((run) => !run.isRehearsal) : [namedRun(tracker, wanted.run)];
    for (const run of runs) {
      const found = await modelOf(tracker, tracker.getRun(run.id), dir, wanted, kind);
      if (found !== null) return found;
    }
    throw noModel(dir, wanted, trainedTrials(tracker, runs, kind));
  } finally {
    tracker.close();
  }
}

function noModel(dir: string, { run, row, seed }: Wanted, trained: readonly string[]): CalmError {
  const what = row === undefined ? 'full model' : `model of row \`${row}\``;
  const ofSeed = seed === undefined ? '' : ` with seed ${seed}`;
  const place = `${dir} has no trained ${what}${ofSeed}${run === undefined ? '' : ` in ${run}`}`;
  const remedy = 'train one with `calm-orch run experiments/ablation-mfam.yaml --rows all --seeds 0`';
  const there = trained.length > 0 ? `; trained are ${trained.join(', ')} (--row, --seed)` : `: ${remedy}`;
  return new CalmError('unavailable', `${place}${there}`);
}

/** `all (seed 0, 1)`, over all given runs. */
function trainedTrials(tracker: Tracker, runs: readonly ListedRun[], kind: StageKind): string[] {
  const seeds = new Map<string, Set<number>>();
  for (const run of runs)
    for (const stage of tracker.listRunStages(run.id))
      if (stage.kind === kind && stage.status === 'succeeded')
        for (const { row, seed } of stage.trials) seeds.set(row, (seeds.get(row) ?? new Set()).add(seed));
  return [...seeds].map(([row, of]) => `${row} (seed ${[...of].sort((a, b) => a - b).join(', ')})`);
}

async function modelOf(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  wanted: Wanted,
  kind: StageKind,
): Promise<TrainedModel | null> {
  const { damageOfStage, damageText } = await import('@calm-orch/coordinator/damage');
  const { layoutOf } = await import('@calm-orch/coordinator/layout');
  const isWanted = (row: string): boolean =>
    wanted.row === undefined ? isFullModel(row) : [row, inTable(row)].includes(wanted.row);
  const trials = run.trials.filter(
    ({ row, seed }) => isWanted(row) && (wanted.seed === undefined || seed === wanted.seed),
  );
  for (const { row, seed } of trials) {
    const stages = tracker
      .listRunStages(run.id)
      .filter(({ trials: own }) => own.some((trial) => trial.row === row && trial.seed === seed));
    const trained = stages.find((stage) => stage.kind === kind && stage.status === 'succeeded');
    const foundation = trained && stages.find(({ inputs }) => inputs['foundation'] !== undefined)?.inputs['foundation'];
    if (!trained || !foundation) continue;
    const folder = (key: string): string => join(dir, 'artifacts', key);
    const files = { foundation: folder(foundation), model: join(folder(trained.key), 'model.safetensors') };
    if (!existsSync(files.foundation) || !existsSync(files.model)) continue;
    for (const key of [foundation, trained.key]) {
      const damage = damageOfStage(tracker, layoutOf(dir), key, 'reuse');
      if (damage.length > 0)
        throw new CalmError(
          'bad_data',
          `the model of run ${run.id} is damaged (${damageText(damage)} in ${folder(key)}): \`calm-orch run ${run.path}\` makes it again`,
        );
    }
    const experiment = restoreExperiment(run.resolved, run.path);
    const config = experiment.rows.find((one) => one.row === row)?.config(seed);
    if (config) return { run: run.id, row, seed, config, ...files };
  }
  return null;
}

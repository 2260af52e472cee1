// score, comment and suggest: what a trained model, by default the newest full one, says about one's own photographs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, expandHome, type StageKind, type TrialConfig } from '@calm-orch/core';
import { restoreExperiment } from '@calm-orch/core/config';
import { hasTracker, openTracker, type ListedRun, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { PhotoAnswer, PhotoQuestion } from '@calm-orch/evaluator/photo-answers';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { inTable, isFullModel } from '../full-model.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  photos: string[];
  run?: string;
  row?: string;
  seed?: number;
  json: boolean;
}

/** Scores are learnt after comments; the scoring model answers with numbers whatever it is asked. */
const kindOf: Readonly<Record<PhotoQuestion, StageKind>> = {
  score: 'finetune-score',
  comment: 'finetune-comment',
  suggest: 'finetune-comment',
};

interface TrainedModel {
  readonly run: string;
  readonly row: string;
  readonly seed: number;
  readonly config: TrialConfig;
  readonly foundation: string;
  readonly model: string;
}

export const score = command('score', '$0 score holiday/*.jpg');
export const comment = command('comment', '$0 comment holiday/beach.jpg');
export const suggest = command('suggest', '$0 suggest holiday/beach.jpg --json');

function command(question: PhotoQuestion, example: string) {
  return {
    builder: (args: Argv<GlobalOptions>) =>
      args
        .positional('photos', { type: 'string', array: true, demandOption: true, describe: 'Photographs' })
        .option('run', {
          type: 'string',
          requiresArg: true,
          describe: 'The run (or experiment) whose model answers [default: the newest with such a model]',
        })
        .option('row', {
          type: 'string',
          requiresArg: true,
          describe: 'The row of the table whose model answers [default: the full model, CALM itself]',
        })
        .option('seed', {
          type: 'number',
          requiresArg: true,
          describe: 'Its seed [default: the first that is trained]',
        })
        .option('json', jsonOption)
        .example(example, 'with the full model, first seed, of the newest run that has one'),
    handler: async ({ dir, photos, json, ...wanted }: ArgumentsCamelCase<Options>) => {
      if (wanted.seed !== undefined && !Number.isSafeInteger(wanted.seed))
        throw new CalmError('invalid_argument', `--seed: expected a whole number, got ${wanted.seed}`);
      const { config, foundation, model } = await findModel(dir, wanted, kindOf[question]);
      const { answerAboutPhotos } = await import('@calm-orch/evaluator/photo-answers');
      const files = photos.map((photo) => expandHome(String(photo)));
      const { answers, unreadable } = await answerAboutPhotos(files, { config, foundation, model, question });
      const refused = new Map(unreadable.map(({ file, reason }) => [file, reason]));
      const answered = new Map(answers.map((answer) => [answer.file, answer]));
      if (json)
        printJson(files.map((file) => answered.get(file) ?? { file, error: { message: refused.get(file) ?? null } }));
      else for (const answer of answers) printLine(`${answer.file}: ${textOf(answer)}`);
      for (const { reason } of unreadable) process.stderr.write(`calm-orch: ${reason}\n`);
      if (unreadable.length > 0) process.exitCode = 1;
    },
  };
}

function textOf({ score: value, comment: remark, suggestion }: PhotoAnswer): string {
  return remark ?? suggestion ?? (value == null ? 'no score' : value.toFixed(2));
}

type Wanted = Pick<Options, 'run' | 'row' | 'seed'>;

/** The wanted trial's model in the named run, or in the newest run that has one. Throws `unavailable`, `not_found`. */
async function findModel(dir: string, wanted: Wanted, kind: StageKind): Promise<TrainedModel> {
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

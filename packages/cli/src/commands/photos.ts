// score, comment and suggest: what the newest trained full model says about one's own photographs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, expandHome, restoreExperiment, type StageKind, type TrialConfig } from '@calm-orch/core';
import { hasTracker, openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { PhotoAnswer, PhotoQuestion } from '@calm-orch/evaluator';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../json-option.ts';
import { namedRun } from '../named-run.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  photos: string[];
  run?: string;
  json: boolean;
}

/** Rows that hold the full model, the paper's configuration, in any table. */
const fullModelRows: ReadonlySet<string> = new Set(['all', 'CALM', 'quality+color+subject']);

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
          describe: 'The run (or experiment) whose model answers [default: the newest with a full model]',
        })
        .option('json', jsonOption)
        .example(example, 'with the full model, first seed, of the newest run that has one'),
    handler: async ({ dir, photos, run, json }: ArgumentsCamelCase<Options>) => {
      const { config, foundation, model } = await findModel(dir, run, kindOf[question]);
      const { answerAboutPhotos } = await import('@calm-orch/evaluator');
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

/** The full model of the named run, or of the newest run that has one: its first seed. Throws `unavailable`, `not_found`. */
async function findModel(dir: string, name: string | undefined, kind: StageKind): Promise<TrainedModel> {
  const remedy = 'train one with `calm-orch run experiments/ablation-mfam.yaml --rows all --seeds 0`';
  const none = (): CalmError =>
    new CalmError('unavailable', `${dir} has no trained full model${name ? ` in ${name}` : ''}: ${remedy}`);
  if (!hasTracker(dir)) throw none();
  const tracker = openTracker(dir, { access: 'read' });
  try {
    const runs = name === undefined ? tracker.listRuns() : [namedRun(tracker, name)];
    for (const run of runs) {
      const found = await modelOf(tracker, run, dir, kind);
      if (found !== null) return found;
    }
    throw none();
  } finally {
    tracker.close();
  }
}

async function modelOf(tracker: Tracker, run: RunRecord, dir: string, kind: StageKind): Promise<TrainedModel | null> {
  const { damageOfStage, damageText, layoutOf } = await import('@calm-orch/coordinator');
  const inTable = (row: string): string => row.slice(row.lastIndexOf('/') + 1);
  const trials = run.trials.filter(({ row }) => fullModelRows.has(inTable(row)));
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

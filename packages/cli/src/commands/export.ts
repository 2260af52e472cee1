// A run in the format of another tool.
import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, userPath } from '@calm-orch/core';
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { ExportFormat } from '@calm-orch/share';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { writeModel } from '../models/export-model.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { runArgument } from '../options/run-argument.ts';
import { shardBytesOf } from '../options/shard-size.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';
import { findModel, type TrainedModel } from '../models/trained-model.ts';
import { version } from '../version.ts';

interface Options extends GlobalOptions {
  run?: string;
  to: Format;
  row?: string;
  seed?: number;
  maxShardSize?: string;
  output?: string;
  force: boolean;
  json: boolean;
}

const formats = ['mlflow', 'tensorboard', 'wandb-offline', 'csv'] as const satisfies readonly ExportFormat[];
/** `huggingface`: no run, one of its models. */
type Format = ExportFormat | 'huggingface';

/** How to look at what was written. */
const next: Readonly<Record<ExportFormat, (dir: string) => string>> = {
  mlflow: (dir) =>
    `mlflow migrate-filestore --source ${dir} --target sqlite:///mlflow.db && mlflow server --backend-store-uri sqlite:///mlflow.db`,
  tensorboard: (dir) => `tensorboard --logdir ${dir}`,
  'wandb-offline': (dir) => `wandb sync ${dir}/offline-run-*`,
  csv: (dir) => `ls ${dir}`,
};

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', runArgument)
      .option('to', {
        choices: [...formats, 'huggingface'] as const,
        demandOption: true,
        describe: 'Whose format; huggingface: a trained model with its card',
      })
      .option('output', {
        type: 'string',
        alias: 'o',
        requiresArg: true,
        describe: 'The folder, new or empty [default: RUN-FORMAT]',
      })
      .option('row', {
        type: 'string',
        requiresArg: true,
        describe: 'huggingface: the row whose scoring model it is [default: the full model]',
      })
      .option('seed', { type: 'number', requiresArg: true, describe: 'huggingface: its seed [default: the first]' })
      .option('max-shard-size', {
        type: 'string',
        requiresArg: true,
        describe: 'huggingface: largest file of weights, such as 500MB or 2GiB [default: 5GB]',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Replace what the folder holds' })
      .option('json', jsonOption)
      .example(
        '$0 export --to tensorboard',
        'the last run: every curve of every trial, its final numbers, its settings',
      )
      .example('$0 export ablation-mfam --to mlflow -o mlruns', 'the newest run of an experiment')
      .example(
        '$0 export --to huggingface -o calm',
        'the full model: vision/ and llm/ for transformers, with a model card',
      ),
  handler: async ({
    dir,
    run: name,
    to,
    row,
    seed,
    maxShardSize,
    output,
    force,
    json,
  }: ArgumentsCamelCase<Options>) => {
    if (to !== 'huggingface' && (row !== undefined || seed !== undefined))
      throw new CalmError('invalid_argument', `--row, --seed: \`--to ${to}\` takes all trials; leave them out`);
    if (to !== 'huggingface' && maxShardSize !== undefined)
      throw new CalmError('invalid_argument', `--max-shard-size: \`--to ${to}\` writes no weights; leave it out`);
    const options = maxShardSize === undefined ? {} : { shardBytes: shardBytesOf(maxShardSize) };
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      const target = userPath(output ?? `${run.id}-${to}`);
      const place = { dir: target, force, keep: [dir, process.cwd()] };
      if (to === 'huggingface') {
        const { row: own, seed: ownSeed } = await exportModel(tracker, run, dir, { row, seed, ...options }, place);
        if (json) return printJson({ run: run.id, to, dir: target, row: own, seed: ownSeed });
        return printLine(`Wrote ${target}: the model of ${run.id}, row ${own}, seed ${ownSeed}.`);
      }
      const { exportRun } = await import('@calm-orch/share');
      const layout = layoutOf(dir);
      const exported = await exportRun(tracker, run, {
        ...{ ...place, to },
        artifactOf: ({ key }) => (existsSync(layout.artifact(key)) ? layout.artifact(key) : null),
      });
      if (json) return printJson({ run: run.id, to, dir: target, ...exported });
      const { runs, metrics, points } = exported;
      const size = `${plural(runs, 'run')}, ${plural(metrics, 'final number')}, ${plural(points, 'point')}`;
      printLine(`Wrote ${target} (${size}).\n  ${next[to](target)}`);
    } finally {
      tracker.close();
    }
  },
};

interface Place {
  readonly dir: string;
  readonly force: boolean;
  readonly keep: readonly string[];
}

async function exportModel(
  tracker: Tracker,
  run: RunRecord,
  runFolder: string,
  { row, seed, ...options }: Pick<Options, 'row' | 'seed'> & { shardBytes?: number },
  { dir, ...place }: Place,
): Promise<TrainedModel> {
  const { checkFree, modelCard, writeNewFolder } = await import('@calm-orch/share');
  checkFree(dir, place);
  const wanted = { run: run.id, ...(row !== undefined && { row }), ...(seed !== undefined && { seed }) };
  const model = await findModel(runFolder, wanted, 'finetune-score');
  const isOwn = (one: { row: string; seed: number }): boolean => one.row === model.row && one.seed === model.seed;
  // Comments are another model's.
  const evaluated = tracker
    .listRunStages(run.id)
    .find(({ kind, trials }) => kind === 'evaluate-score' && trials.some(isOwn));
  const about = {
    run: { ...run, run: run.id, program: version(), license: 'Apache-2.0' },
    environment: { versions: run.versions, machine: run.machine },
  };
  const card = modelCard(about, await judgedTables(tracker, run, runFolder), {
    ...{ row: model.row, seed: model.seed, config: model.config },
    fingerprint: run.trials.find(isOwn)?.fingerprint ?? null,
    metrics: evaluated?.result?.metrics ?? {},
  });
  await writeNewFolder(dir, (partial) => writeModel(partial, model, card, options));
  return model;
}

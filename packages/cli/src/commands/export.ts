// A run in the format of another tool.
import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { userPath } from '@calm-orch/core';
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { ExportFormat } from '@calm-orch/share';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { runArgument } from '../options/run-argument.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';

interface Options extends GlobalOptions {
  run?: string;
  to: ExportFormat;
  output?: string;
  force: boolean;
  json: boolean;
}

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
        choices: ['mlflow', 'tensorboard', 'wandb-offline', 'csv'] as const satisfies readonly ExportFormat[],
        demandOption: true,
        describe: 'Whose format',
      })
      .option('output', {
        type: 'string',
        alias: 'o',
        requiresArg: true,
        describe: 'The folder, new or empty [default: RUN-FORMAT]',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Replace what the folder holds' })
      .option('json', jsonOption)
      .example(
        '$0 export --to tensorboard',
        'the last run: every curve of every trial, its final numbers, its settings',
      )
      .example('$0 export ablation-mfam --to mlflow -o mlruns', 'the newest run of an experiment'),
  handler: async ({ dir, run: name, to, output, force, json }: ArgumentsCamelCase<Options>) => {
    const { exportRun } = await import('@calm-orch/share');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      const target = userPath(output ?? `${run.id}-${to}`);
      const layout = layoutOf(dir);
      const exported = await exportRun(tracker, run, {
        ...{ to, force, dir: target, keep: [dir, process.cwd()] },
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

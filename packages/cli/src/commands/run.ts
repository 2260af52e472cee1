import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, loadExperiment, presets, type TrialConfig } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import { startedInBackground } from '../background.ts';
import type { GlobalOptions } from '../cli.ts';
import { dataOption } from '../data-option.ts';
import { meteorOption } from '../meteor-option.ts';
import { execute, withProcessOptions, type ExecuteOptions } from './execute.ts';

interface Options extends ExecuteOptions {
  experiment: string;
  rows?: string;
  seeds?: string;
  set: string[];
  unlabeled?: string;
  data?: string;
  meteorDir?: string;
  preset?: TrialConfig['preset'];
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withProcessOptions(args)
      .positional('experiment', { type: 'string', demandOption: true, describe: 'Experiment file (YAML)' })
      .option('rows', { type: 'string', requiresArg: true, describe: 'Only these rows of the table: a,b' })
      .option('seeds', { type: 'string', requiresArg: true, describe: "Instead of the file's seeds: 0,1" })
      .option('set', {
        type: 'string',
        array: true,
        requiresArg: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Override one member of the configuration: key=value',
      })
      .option('data', dataOption)
      .option('meteor-dir', meteorOption)
      .option('preset', {
        choices: Object.keys(presets) as TrialConfig['preset'][],
        describe: "Sizes of the models and lengths of training, instead of the file's",
      })
      .option('unlabeled', {
        type: 'string',
        requiresArg: true,
        describe: 'A folder of your own photographs (JPEG, PNG, WebP) that joins the unlabelled pool',
      })
      .example('$0 run experiments/ablation-mfam.yaml', 'table 5 of the paper')
      .example('$0 run experiments/smoke.yaml --rows all --seeds 0', 'a part of a table')
      .example('$0 run experiments/paper.yaml --detach', 'in the background; `attach` watches it')
      .example('$0 run experiments/smoke.yaml --set finetuneScore.steps=60', 'a changed configuration'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    const { experiment: path, dir, rows, seeds, set, unlabeled, data, meteorDir, preset } = options;
    const experiment = loadExperiment(path, {
      set: unlabeled === undefined ? set : [...set, `data.unlabeledDir=${JSON.stringify(unlabeled)}`],
      ...(data !== undefined && { data }),
      ...(meteorDir !== undefined && { meteorDir }),
      ...(preset !== undefined && { preset }),
      ...(rows !== undefined && { rows: listOf(rows) }),
      ...(seeds !== undefined && { seeds: listOf(seeds).map(seedOf) }),
    });
    if (await startedInBackground(options)) return;
    const tracker = openTracker(dir);
    try {
      await execute(experiment, tracker, options);
    } finally {
      tracker.close();
    }
  },
};

const listOf = (text: string): string[] => text.split(',').map((part) => part.trim());

function seedOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CalmError('invalid_argument', `--seeds: expected whole numbers of at least 0, as in 0,1, got "${text}"`);
}

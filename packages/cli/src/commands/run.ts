import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, presets, type TrialConfig } from '@calm-orch/core';
import { untilDecided } from '@calm-orch/core/config';
import { openTracker } from '@calm-orch/tracker';
import { startedInBackground } from '../run/background.ts';
import type { GlobalOptions } from '../cli.ts';
import {
  experimentFile,
  loadNamed,
  withExperimentOptions,
  type ExperimentOptions,
} from '../options/experiment-options.ts';
import { execute, withProcessOptions, type ExecuteOptions } from './execute.ts';

interface Options extends ExecuteOptions, ExperimentOptions {
  experiment: string;
  unlabeled?: string;
  preset?: TrialConfig['preset'];
  untilDecided: boolean;
  maxSeeds?: number;
}

/** @default of --max-seeds */
const defaultMaxSeeds = 8;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withExperimentOptions(withProcessOptions(args))
      .positional('experiment', { type: 'string', demandOption: true, describe: experimentFile })
      .option('preset', {
        choices: Object.keys(presets) as TrialConfig['preset'][],
        describe: "Sizes of the models and lengths of training, instead of the file's",
      })
      .option('unlabeled', {
        type: 'string',
        requiresArg: true,
        describe: 'A folder of your own photographs (JPEG, PNG, WebP, TIFF, GIF, AVIF) that joins the unlabelled pool',
      })
      .option('until-decided', {
        type: 'boolean',
        default: false,
        describe:
          "After the file's seeds, add seeds to the rows of undecided claims, one at a time, until all are decided",
      })
      .option('max-seeds', {
        type: 'number',
        requiresArg: true,
        describe: `With --until-decided: seeds of a row at most; a claim estimated to need more is given up [default: ${defaultMaxSeeds}]`,
      })
      .check(({ 'until-decided': isAsked, 'max-seeds': most }) => {
        if (most === undefined) return true;
        if (!isAsked) throw new CalmError('invalid_argument', '--max-seeds: has a meaning beside --until-decided only');
        if (!(Number.isSafeInteger(most) && most > 0))
          throw new CalmError('invalid_argument', `--max-seeds: expected a whole number of at least 1, got ${most}`);
        return true;
      })
      .example('$0 run experiments/ablation-mfam.yaml', 'table 5 of the paper')
      .example('$0 run experiments/smoke.yaml --rows all --seeds 0', 'a part of a table')
      .example('$0 run experiments/paper.yaml --detach', 'in the background; `attach` watches it')
      .example('$0 run experiments/smoke.yaml --set finetuneScore.steps=60', 'a changed configuration'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    const { experiment: path, dir, set, unlabeled, preset } = options;
    const all = unlabeled === undefined ? set : [...set, `data.unlabeledDir=${JSON.stringify(unlabeled)}`];
    const loaded = await loadNamed(path, { ...options, set: all }, preset);
    const experiment = options.untilDecided ? untilDecided(loaded, options.maxSeeds ?? defaultMaxSeeds) : loaded;
    if (await startedInBackground(options)) return;
    const tracker = openTracker(dir);
    try {
      await execute(experiment, tracker, options);
    } finally {
      tracker.close();
    }
  },
};

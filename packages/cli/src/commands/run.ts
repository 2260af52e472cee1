import { resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, presets, type Experiment, type TrialConfig } from '@calm-orch/core';
import { untilDecided } from '@calm-orch/core/config';
import { openTracker } from '@calm-orch/tracker';
import { printLine } from '../output.ts';
import { kubeOptionsOf } from '../surroundings/kubernetes.ts';
import { startedInBackground } from '../run/background.ts';
import type { GlobalOptions } from '../cli.ts';
import {
  experimentFile,
  loadNamed,
  withExperimentOptions,
  type ExperimentOptions,
} from '../options/experiment-options.ts';
import { elsewhere, execute, withProcessOptions, type ExecuteOptions } from './execute.ts';

interface Options extends ExecuteOptions, ExperimentOptions {
  experiment: string;
  unlabeled?: string;
  preset?: TrialConfig['preset'];
  untilDecided: boolean;
  maxSeeds?: number;
  dryRun: boolean;
  tag: string[];
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
      .option('tag', {
        type: 'string',
        array: true,
        requiresArg: true,
        nargs: 1,
        default: [] as string[],
        describe: 'What to call the run; `runs --tag` finds it',
      })
      .option('dry-run', {
        type: 'boolean',
        default: false,
        describe: 'With --launcher kubernetes: print the manifests and start nothing',
      })
      .check(({ 'dry-run': isDry, launcher }) => {
        if (!isDry || launcher === 'kubernetes') return true;
        throw new CalmError(
          'invalid_argument',
          '--dry-run: has a meaning beside --launcher kubernetes only; `calm-orch plan` says what a run would do',
        );
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
    if (options.dryRun) return printManifests(experiment, options);
    if (await startedInBackground(options)) return;
    const tracker = openTracker(dir);
    try {
      await execute(experiment, tracker, options);
    } finally {
      tracker.close();
    }
  },
};

async function printManifests(experiment: Experiment, options: Options): Promise<void> {
  const { workerCounts } = await import('@calm-orch/coordinator');
  const { renderManifests } = await import('@calm-orch/coordinator/kubernetes');
  const counts = workerCounts(experiment, options, elsewhere);
  printLine(renderManifests(experiment.name, counts, await kubeOptionsOf(options), resolve(options.dir)).trimEnd());
}

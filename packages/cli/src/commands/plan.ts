// What a run would do, without doing it: stages shared between trials and experiments, and what the run folder has already.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, loadExperiment, presets, repositoryRoot, resolveTrial, type TrialConfig } from '@calm-orch/core';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { engineFacts } from '../engine-facts.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';
import { stageEntry } from '../stage-code.ts';
import { columns } from '../views/columns.ts';
import { costsOf, renderCosts } from '../views/costs.ts';

interface Options extends GlobalOptions {
  experiments: string[];
  set: string[];
  preset?: TrialConfig['preset'];
  gpus: number;
  gpuMemory: number;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('experiments', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Experiment files (YAML), planned as if run one after the other in the run folder',
      })
      .option('set', {
        type: 'string',
        array: true,
        requiresArg: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Override one member of the configuration: key=value',
      })
      .option('preset', {
        choices: Object.keys(presets) as TrialConfig['preset'][],
        describe: "Preset whose costs are shown [default: the first row's configuration]",
      })
      .option('gpus', { type: 'number', requiresArg: true, default: 8, describe: 'GPUs the costs are shared among' })
      .option('gpu-memory', { type: 'number', requiresArg: true, default: 80, describe: 'Memory of each, GB' })
      .check(({ gpus, 'gpu-memory': memory }) => {
        if (!(Number.isSafeInteger(gpus) && gpus > 0))
          throw new CalmError('invalid_argument', `--gpus: expected a whole number of at least 1, got ${gpus}`);
        if (!(memory > 0)) throw new CalmError('invalid_argument', `--gpu-memory: expected GB above 0, got ${memory}`);
        return true;
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 plan experiments/*.yaml', 'what sharing saves')
      .example('$0 plan experiments/ablation-mfam.yaml --preset paper --gpus 8', 'what the sizes of the paper cost'),
  handler: async ({ dir, experiments, set, json, preset, gpus, gpuMemory }: ArgumentsCamelCase<Options>) => {
    const { countStages, layoutOf, planExperiment, planSources, isStageDone } = await import('@calm-orch/coordinator');
    const facts = await engineFacts((line) => process.stderr.write(`${line}\n`), new AbortController().signal);
    const sources = await planSources({
      stageEntry,
      engine: facts.identity,
      carried: { data: `${repositoryRoot}assets/photos` },
    });
    const loaded = experiments.map((path) => loadExperiment(path, { set }));
    const plans = loaded.map((experiment) => planExperiment(experiment, sources));
    const first = loaded[0]!;
    const config = preset === undefined ? first.rows[0]!.config(first.seeds[0]!) : resolveTrial(preset, [], 0);
    const costs = await costsOf(config, gpus, gpuMemory);
    const tracker = hasTracker(dir) ? openTracker(dir, { create: false }) : null;
    try {
      const layout = layoutOf(dir);
      const counts = countStages(plans, (key) => tracker !== null && isStageDone(tracker, layout, key));
      if (json) return printJson({ experiments, ...counts, costs });
      const rows = counts.kinds.map(({ kind, naive, unique, done }) => [kind, naive, unique, done].map(String));
      const { naive, unique, done } = counts.total;
      printLine(columns([['stage', 'one by one', 'shared', 'done before'], ...rows]).join('\n'));
      printLine(
        `\n${plural(counts.numTrials, 'trial')} in ${plural(experiments.length, 'experiment')}: ${naive} stages one by one, ` +
          `${unique} when equal ones are shared, ${done} of them done in ${dir}: ${unique - done} to execute.`,
      );
      printLine(`\n${renderCosts(costs, config.preset === 'paper')}`);
    } finally {
      tracker?.close();
    }
  },
};

// What a run would do, without doing it: stages shared between trials and experiments, and what the run folder has already.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { loadExperiment, repositoryRoot } from '@calm-orch/core';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { engineFacts } from '../engine-facts.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';
import { stageEntry } from '../stage-code.ts';
import { columns } from '../views/columns.ts';

interface Options extends GlobalOptions {
  experiments: string[];
  set: string[];
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
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 plan experiments/*.yaml', 'what sharing saves'),
  handler: async ({ dir, experiments, set, json }: ArgumentsCamelCase<Options>) => {
    const { countStages, layoutOf, planExperiment, planSources, isStageDone } = await import('@calm-orch/coordinator');
    const facts = await engineFacts((line) => process.stderr.write(`${line}\n`), new AbortController().signal);
    const sources = await planSources({
      stageEntry,
      engine: facts.identity,
      carried: { data: `${repositoryRoot}assets/photos` },
    });
    const plans = experiments.map((path) => planExperiment(loadExperiment(path, { set }), sources));
    const tracker = hasTracker(dir) ? openTracker(dir, { create: false }) : null;
    try {
      const layout = layoutOf(dir);
      const counts = countStages(plans, (key) => tracker !== null && isStageDone(tracker, layout, key));
      if (json) return printJson({ experiments, ...counts });
      const rows = counts.kinds.map(({ kind, naive, unique, done }) => [kind, naive, unique, done].map(String));
      const { naive, unique, done } = counts.total;
      printLine(columns([['stage', 'one by one', 'shared', 'done before'], ...rows]).join('\n'));
      printLine(
        `\n${plural(counts.numTrials, 'trial')} in ${plural(experiments.length, 'experiment')}: ${naive} stages one by one, ` +
          `${unique} when equal ones are shared, ${done} of them done in ${dir}: ${unique - done} to execute.`,
      );
    } finally {
      tracker?.close();
    }
  },
};

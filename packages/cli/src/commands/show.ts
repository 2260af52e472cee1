import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, experimentYaml, findExperiment, type Json } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { experimentOrRun, namedRun } from '../named-run.ts';
import { loadNamed, withExperimentOptions, type ExperimentOptions } from '../experiment-options.ts';
import { printJson, printLine, wantsColor } from '../output.ts';
import { describeRun, runJson, runText } from '../views/show.ts';

interface Options extends GlobalOptions, ExperimentOptions {
  run?: string;
  config: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withExperimentOptions(args)
      .positional('run', {
        type: 'string',
        describe: 'A run, an experiment, or (with --config) an experiment file [default: the last run]',
      })
      .option('config', { type: 'boolean', default: false, describe: 'Print the resolved configuration instead' })
      .group(['rows', 'seeds', 'set', 'data', 'meteor-dir'], 'With --config and an experiment file:')
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 show', 'the last run')
      .example('$0 show smoke-1 --json', 'one run with its metrics and loss curves, for scripts')
      .example('$0 show --config experiments/smoke.yaml', 'what a file resolves to, before it is run'),
  handler: (options: ArgumentsCamelCase<Options>) => {
    const { dir, run: name, config, json } = options;
    const printConfig = (resolved: Json) =>
      json ? printJson(resolved) : printLine(experimentYaml(resolved).trimEnd());
    if (config && name !== undefined && name !== experimentOrRun(name) && existsSync(findExperiment(name).path)) {
      printConfig(loadNamed(name, options).resolved);
      return;
    }
    const unused = (['rows', 'seeds', 'data'] as const).find((option) => options[option] !== undefined);
    if (unused !== undefined || options.set.length > 0)
      throw new CalmError(
        'invalid_argument',
        `--${unused ?? 'set'}: changes an experiment file that is shown with --config, not a run that is recorded`,
      );
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      if (config) printConfig(run.resolved);
      else if (json) printJson(runJson(describeRun(tracker, run)));
      else printLine(runText(describeRun(tracker, run), wantsColor()));
    } finally {
      tracker.close();
    }
  },
};

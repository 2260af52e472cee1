import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { experimentYaml, loadExperiment, type Json } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { experimentOrRun, namedRun } from '../named-run.ts';
import { dataOption } from '../data-option.ts';
import { printJson, printLine, wantsColor } from '../output.ts';
import { describeRun, runJson, runText } from '../views/show.ts';

interface Options extends GlobalOptions {
  run?: string;
  config: boolean;
  data?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', {
        type: 'string',
        describe: 'A run, an experiment, or (with --config) an experiment file [default: the last run]',
      })
      .option('config', { type: 'boolean', default: false, describe: 'Print the resolved configuration instead' })
      .option('data', { ...dataOption, describe: `With --config: ${dataOption.describe}` })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 show', 'the last run')
      .example('$0 show smoke-1 --json', 'one run with its metrics and loss curves, for scripts')
      .example('$0 show --config experiments/smoke.yaml', 'what a file resolves to, before it is run'),
  handler: ({ dir, run: name, config, data, json }: ArgumentsCamelCase<Options>) => {
    const printConfig = (resolved: Json) =>
      json ? printJson(resolved) : printLine(experimentYaml(resolved).trimEnd());
    if (config && name !== undefined && name !== experimentOrRun(name) && existsSync(name)) {
      printConfig(loadExperiment(name, { ...(data !== undefined && { data }) }).resolved);
      return;
    }
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

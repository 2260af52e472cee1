import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, type Json } from '@calm-orch/core';
import { experimentYaml, findExperiment } from '@calm-orch/core/config';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { experimentOrRun, namedRun } from '../options/named-run.ts';
import { loadNamed, withExperimentOptions, type ExperimentOptions } from '../options/experiment-options.ts';
import { printJson, printLine, wantsColor } from '../output.ts';
import { describeStages, stagesJson, stagesText } from '../views/show-stage.ts';
import { describeRun, runJson, runText } from '../views/show.ts';

interface Options extends GlobalOptions, ExperimentOptions {
  run?: string;
  config: boolean;
  stage?: string;
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
      .option('stage', {
        type: 'string',
        requiresArg: true,
        describe:
          'Only this kind of stage, or the key that begins so: its attempts, and the stacks of those that failed',
      })
      .group(['rows', 'seeds', 'set', 'data', 'meteor-dir', 'rehearsal'], 'With --config and an experiment file:')
      .option('json', jsonOption)
      .example('$0 show', 'the last run')
      .example('$0 show smoke-1 --json', 'one run with its metrics and loss curves, for scripts')
      .example('$0 show --stage finetune-score', 'where attempts at a stage of the last run failed')
      .example('$0 show --config experiments/smoke.yaml', 'what a file resolves to, before it is run'),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const { dir, run: name, config, stage, json } = options;
    const printConfig = (resolved: Json) =>
      json ? printJson(resolved) : printLine(experimentYaml(resolved).trimEnd());
    if (config && stage !== undefined)
      throw new CalmError('invalid_argument', '--stage: shows attempts, --config the configuration; give one of them');
    if (config && name !== undefined && name !== experimentOrRun(name) && existsSync(findExperiment(name).path)) {
      printConfig((await loadNamed(name, options)).resolved);
      return;
    }
    const unused = (['rows', 'seeds', 'data', 'rehearsal'] as const).find((option) => options[option]);
    if (unused !== undefined || options.set.length > 0)
      throw new CalmError(
        'invalid_argument',
        `--${unused ?? 'set'}: changes an experiment file that is shown with --config, not a run that is recorded`,
      );
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      if (config) printConfig(run.resolved);
      else if (stage !== undefined) {
        const described = describeStages(tracker, run, stage);
        if (json) printJson(stagesJson(run.id, described));
        else printLine(stagesText(described));
      } else if (json) printJson(runJson(describeRun(tracker, run)));
      else printLine(runText(describeRun(tracker, run), wantsColor()));
    } finally {
      tracker.close();
    }
  },
};

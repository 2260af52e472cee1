import { existsSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, type Json } from '@calm-orch/core';
import { experimentYaml, findExperiment } from '@calm-orch/core/config';
import { runCurves } from '@calm-orch/report';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { experimentOrRun, namedRun } from '../options/named-run.ts';
import { loadNamed, withExperimentOptions, type ExperimentOptions } from '../options/experiment-options.ts';
import { shownScores } from '../report/scores.ts';
import { printJson, printLine, wantsColor } from '../output.ts';
import { describeStages, stagesJson, stagesText } from '../views/show-stage.ts';
import { describeRun, runJson, runText } from '../views/show.ts';

interface Options extends GlobalOptions, ExperimentOptions {
  run?: string;
  config: boolean;
  stage?: string;
  plot: boolean;
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
      .option('plot', {
        type: 'boolean',
        default: false,
        describe: 'Draw its curves (of seeds the mean) and its predictions instead; with --json their points',
      })
      .group(['rows', 'seeds', 'set', 'data', 'meteor-dir', 'rehearsal'], 'With --config and an experiment file:')
      .option('json', jsonOption)
      .example('$0 show', 'the last run')
      .example('$0 show smoke-1 --json', 'one run with its metrics and loss curves, for scripts')
      .example('$0 show --plot', 'loss, learning rate and predictions of the last run, drawn in the terminal')
      .example('$0 show --stage finetune-score', 'where attempts at a stage of the last run failed')
      .example('$0 show --config experiments/smoke.yaml', 'what a file resolves to, before it is run'),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const { dir, run: name, config, stage, plot, json } = options;
    const printConfig = (resolved: Json) =>
      json ? printJson(resolved) : printLine(experimentYaml(resolved).trimEnd());
    const asked = [config && '--config', stage !== undefined && '--stage', plot && '--plot'].filter(Boolean);
    if (asked.length > 1)
      throw new CalmError('invalid_argument', `${asked.join(', ')}: each shows something else; give one of them`);
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
      } else if (plot) await showPlots(tracker, run, options);
      else if (json) printJson(runJson(describeRun(tracker, run)));
      else printLine(runText(describeRun(tracker, run), wantsColor()));
    } finally {
      tracker.close();
    }
  },
};

async function showPlots(tracker: Tracker, run: RunRecord, { dir, json }: Options): Promise<void> {
  const { plotsJson, plotsText, plotWidth } = await import('../views/plot.ts');
  const columns = process.stdout.columns || 80;
  const plots = {
    run: run.id,
    charts: runCurves(tracker, run, plotWidth(columns)),
    scores: await shownScores(tracker, run, dir),
  };
  if (json) printJson(plotsJson(plots));
  else printLine(plotsText(plots, columns, wantsColor()));
}

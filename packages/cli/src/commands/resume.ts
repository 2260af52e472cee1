import type { ArgumentsCamelCase, Argv } from 'yargs';
import { restoreExperiment } from '@calm-orch/core/config';
import { hasTracker, openTracker } from '@calm-orch/tracker';
import { startedInBackground } from '../run/background.ts';
import type { GlobalOptions } from '../cli.ts';
import { printJson, printLine } from '../output.ts';
import { execute, withProcessOptions, type ExecuteOptions } from './execute.ts';

interface Options extends ExecuteOptions {
  run?: string;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withProcessOptions(args)
      .positional('run', {
        type: 'string',
        describe: 'A run [default: the newest that has not succeeded]',
      })
      .example('$0 resume', 'go on after an interruption')
      .example('$0 resume ablation-mfam-1 --trainers 4', 'a certain run, with other processes'),
  handler: async (options: ArgumentsCamelCase<Options>): Promise<void> => {
    const { dir, run: wanted, json } = options;
    if (wanted === undefined && !hasTracker(dir)) return nothing(`there are no runs in ${dir}`, json);
    const tracker = openTracker(dir, { access: 'write' });
    try {
      const run = tracker.findResumableRun(wanted);
      if (run === null) nothing(wanted === undefined ? 'every run has succeeded' : `run ${wanted} has succeeded`, json);
      else if (!(await startedInBackground(options, run.id)))
        await execute(restoreExperiment(run.resolved, run.path), tracker, options, run.id);
    } finally {
      tracker.close();
    }
  },
};

function nothing(why: string, json: boolean): void {
  if (json) printJson({ run: null, status: null, note: `nothing to resume: ${why}` });
  else printLine(`Nothing to resume: ${why}.`);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';
import { commandOf } from '../outcome.ts';
import { askCoordinator, findRunAtWork } from '../run/runs-at-work.ts';
import { shownStatus } from '../views/runs.ts';

interface Options extends GlobalOptions {
  run?: string;
  now: boolean;
  json: boolean;
}

const lookEveryMs = 100;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', describe: 'A run or an experiment [default: the newest run at work]' })
      .option('now', { type: 'boolean', default: false, describe: 'At once, without saving checkpoints' })
      .option('json', jsonOption)
      .example('$0 stop', 'as Ctrl-C where the run was started; `resume` goes on with it'),
  handler: async ({ dir, run: name, now, json }: ArgumentsCamelCase<Options>): Promise<void> => {
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const { id: runId } = findRunAtWork(tracker, name);
      const asked = await askCoordinator({ tracker, dir, runId }, (service) => service.stop({ now }));
      if (asked !== null && !json && !now)
        printLine('Stopping: workers save checkpoints, at most 10 s (`--now`: at once).');
      while (tracker.getRun(runId).status === 'running') await sleep(lookEveryMs);
      const run = tracker.getRun(runId);
      if (json) return printJson({ run: runId, status: run.status, interrupted: run.interrupted });
      if (run.status === 'succeeded') return printLine(`Run ${runId} succeeded before it could be stopped.`);
      printLine(`Run ${runId} is ${shownStatus(run)}. Go on: ${commandOf('resume', runId, dir)}`);
    } finally {
      tracker.close();
    }
  },
};

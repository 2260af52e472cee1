// Removes runs: from every list, and from the disk what no other run needs.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { free, withFreeingOptions, type FreeingOptions } from '../run/freeing.ts';
import { printLine } from '../output.ts';
import { plural } from '../progress/format.ts';

interface Options extends FreeingOptions {
  runs: string[];
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withFreeingOptions(args)
      .positional('runs', { type: 'string', array: true, demandOption: true, describe: 'Ids of runs that have ended' })
      .example('$0 rm ablation-mfam-1', 'after asking: its numbers, logs, and artifacts that no other run needs')
      .example('$0 rm trial-1 trial-2 --yes', 'without asking'),
  handler: async ({ runs, ...options }: ArgumentsCamelCase<Options>) => {
    const { layoutOf, onlyOf } = await import('@calm-orch/coordinator');
    const tracker = openTracker(options.dir, { access: 'write' });
    try {
      const ids = [...new Set(runs.map((id) => tracker.getRun(String(id)).id))];
      const what = ids.length === 1 ? `run ${ids[0]}` : plural(ids.length, 'run');
      const removed = await free(tracker, layoutOf(options.dir), options, {
        command: `rm ${ids.join(' ')}`,
        selection: onlyOf(ids),
        asksAlways: true,
        question: (size) => `Remove ${what} for good, and free ${size}?`,
        alongside: () => ids.forEach((id) => tracker.removeRun(id)),
      });
      if (removed && !options.json) printLine(`Removed ${what}.`);
    } finally {
      tracker.close();
    }
  },
};

// Frees disk space: what no kept run needs.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';

interface Options extends GlobalOptions {
  keep: number;
  dryRun: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('keep', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'Newest runs of each experiment whose artifacts and logs stay (numbers of all runs stay in any case)',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only say what would be freed' })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 gc --dry-run', 'what would go')
      .example('$0 gc --keep 3', 'keep the three newest runs of each experiment'),
  handler: async ({ dir, keep, dryRun, json }: ArgumentsCamelCase<Options>) => {
    if (!(Number.isSafeInteger(keep) && keep >= 0))
      throw new CalmError('invalid_argument', `--keep: expected a whole number from 0 up, got ${keep}`);
    const { collectGarbage, layoutOf } = await import('@calm-orch/coordinator');
    const tracker = openTracker(dir, { access: 'write' });
    try {
      const garbage = collectGarbage(tracker, layoutOf(dir), { keep, dryRun });
      if (json) return printJson({ ...garbage, dryRun });
      for (const { path, bytes } of garbage.freed) printLine(`${mebibytes(bytes).padStart(10)}  ${path}`);
      const what = plural(garbage.freed.length, 'folder');
      printLine(
        `${dryRun ? 'Would free' : 'Freed'} ${mebibytes(garbage.freedBytes).trim()} in ${what}, kept ${mebibytes(garbage.keptBytes).trim()}.`,
      );
    } finally {
      tracker.close();
    }
  },
};

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

// Frees disk space: what no kept run needs.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { free, withFreeingOptions, type FreeingOptions } from '../run/freeing.ts';

interface Options extends FreeingOptions {
  keep: number;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    withFreeingOptions(args)
      .option('keep', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe:
          'Newest succeeded runs of each experiment whose artifacts and logs stay; as many failed or cancelled ones that are newer stay for `resume`, and so do runs at work (numbers of all runs stay in any case)',
      })
      .example('$0 gc --dry-run', 'what would go')
      .example('$0 gc --keep 3 --yes', 'keep the three newest runs of each experiment'),
  handler: async ({ keep, ...options }: ArgumentsCamelCase<Options>) => {
    if (!(Number.isSafeInteger(keep) && keep >= 0))
      throw new CalmError('invalid_argument', `--keep: expected a whole number from 0 up, got ${keep}`);
    const { allButNewest, layoutOf } = await import('@calm-orch/coordinator');
    const tracker = openTracker(options.dir, { access: 'write' });
    try {
      const freeing = { command: 'gc', selection: allButNewest(keep), question: (size: string) => `Free ${size}?` };
      await free(tracker, layoutOf(options.dir), options, freeing);
    } finally {
      tracker.close();
    }
  },
};

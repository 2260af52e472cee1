// Frees disk space: what no kept run needs.
import { createInterface } from 'node:readline/promises';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Garbage } from '@calm-orch/coordinator';
import { CalmError } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../json-option.ts';
import { printJson, printLine } from '../output.ts';
import { plural } from '../progress/format.ts';

interface Options extends GlobalOptions {
  keep: number;
  dryRun: boolean;
  yes: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .option('keep', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe:
          'Newest succeeded runs of each experiment whose artifacts and logs stay; as many failed or cancelled ones that are newer stay for `resume`, and so do runs at work (numbers of all runs stay in any case)',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only say what would be freed' })
      .option('yes', {
        alias: 'y',
        type: 'boolean',
        default: false,
        describe: 'Do not ask; needed where there is no terminal to ask on',
      })
      .option('json', jsonOption)
      .example('$0 gc --dry-run', 'what would go')
      .example('$0 gc --keep 3 --yes', 'keep the three newest runs of each experiment'),
  handler: async ({ dir, keep, dryRun, yes, json }: ArgumentsCamelCase<Options>) => {
    if (!(Number.isSafeInteger(keep) && keep >= 0))
      throw new CalmError('invalid_argument', `--keep: expected a whole number from 0 up, got ${keep}`);
    const { findGarbage, freeGarbage, layoutOf } = await import('@calm-orch/coordinator');
    const tracker = openTracker(dir, { access: 'write' });
    try {
      const layout = layoutOf(dir);
      const found = findGarbage(tracker, layout, keep);
      const isNothing = found.freed.length === 0;
      const canAsk = process.stdin.isTTY && process.stderr.isTTY;
      const mayFree = !dryRun && (yes || isNothing);
      if (!mayFree) {
        if (!json) printGarbage(found, 'Would free');
        else if (dryRun) printJson({ ...found, dryRun: true });
        if (dryRun) return;
        if (!canAsk)
          throw new CalmError(
            'invalid_argument',
            'nothing was freed: nobody can be asked here; say `calm-orch gc --yes`',
          );
        if (!(await agrees(`Free ${mebibytes(found.freedBytes).trim()}? [y/N] `))) return nothing(found, json);
      }
      const freed = freeGarbage(tracker, layout, keep, found);
      if (json) printJson({ ...freed, dryRun: false });
      else printGarbage(mayFree ? freed : { ...freed, freed: [] }, 'Freed', freed.freed.length);
    } finally {
      tracker.close();
    }
  },
};

/** Said no. */
function nothing(found: Garbage, json: boolean): void {
  process.stderr.write('Nothing was freed.\n');
  if (json) printJson({ ...found, dryRun: true });
}

async function agrees(question: string): Promise<boolean> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^\s*y(es)?\s*$/i.test(await dialogue.question(question));
  } finally {
    dialogue.close();
  }
}

function printGarbage({ freed, freedBytes, keptBytes }: Garbage, verb: string, count = freed.length): void {
  for (const { path, bytes } of freed) printLine(`${mebibytes(bytes).padStart(10)}  ${path}`);
  const what = plural(count, 'folder');
  printLine(`${verb} ${mebibytes(freedBytes).trim()} in ${what}, kept ${mebibytes(keptBytes).trim()}.`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

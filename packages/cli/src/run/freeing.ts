// What `gc` and `rm` have in common: say what would go, ask where somebody can answer, let it go.
import { createInterface } from 'node:readline/promises';
import type { Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import type { Garbage, Layout, Selection } from '@calm-orch/coordinator';
import type { Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';
import { mebibytes, plural } from '../progress/format.ts';

export interface FreeingOptions extends GlobalOptions {
  dryRun: boolean;
  yes: boolean;
  json: boolean;
}

export function withFreeingOptions<T>(args: Argv<T>) {
  return args
    .option('dry-run', { type: 'boolean', default: false, describe: 'Only say what would be freed' })
    .option('yes', {
      alias: 'y',
      type: 'boolean',
      default: false,
      describe: 'Do not ask; needed where there is no terminal to ask on',
    })
    .option('json', jsonOption);
}

interface Freeing {
  readonly command: string;
  readonly selection: Selection;
  /** What is asked, given the size in words. */
  readonly question: (size: string) => string;
  /** Asks even where no folder would go. */
  readonly asksAlways?: boolean;
  /** Happens in the same instant; nothing goes where it throws. */
  readonly alongside?: () => void;
}

/** Whether it was done. */
export async function free(
  tracker: Tracker,
  layout: Layout,
  { dryRun, yes, json }: Pick<FreeingOptions, 'dryRun' | 'yes' | 'json'>,
  { command, selection, question, asksAlways = false, alongside }: Freeing,
): Promise<boolean> {
  const { findGarbage, freeGarbage } = await import('@calm-orch/coordinator');
  const found = findGarbage(tracker, layout, selection);
  const canAsk = process.stdin.isTTY && process.stderr.isTTY;
  const mayFree = !dryRun && (yes || (!asksAlways && found.freed.length === 0));
  if (!mayFree) {
    if (!json) printGarbage(found, 'Would free');
    else if (dryRun) printJson({ ...found, dryRun: true });
    if (dryRun) return false;
    if (!canAsk)
      throw new CalmError(
        'invalid_argument',
        `nothing was freed: nobody can be asked here; say \`calm-orch ${command} --yes\``,
      );
    if (!(await agrees(`${question(mebibytes(found.freedBytes))} [y/N] `))) {
      process.stderr.write('Nothing was freed.\n');
      if (json) printJson({ ...found, dryRun: true });
      return false;
    }
  }
  const freed = freeGarbage(tracker, layout, selection, found, alongside);
  if (json) printJson({ ...freed, dryRun: false });
  else printGarbage(mayFree ? freed : { ...freed, freed: [] }, 'Freed', freed.freed.length);
  return true;
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
  printLine(`${verb} ${mebibytes(freedBytes)} in ${what}, kept ${mebibytes(keptBytes)}.`);
}

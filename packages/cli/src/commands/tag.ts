import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  run: string;
  add: string[];
  remove: string[];
  json: boolean;
}

const several = { type: 'string', array: true, requiresArg: true, nargs: 1, default: [] as string[] } as const;

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', demandOption: true, describe: 'A run or an experiment' })
      .option('add', { ...several, describe: 'Call it this, too' })
      .option('remove', { ...several, describe: 'Call it this no more' })
      .option('json', jsonOption)
      .example('$0 tag smoke-1 --add baseline --remove wip', 'one more and one less'),
  handler: ({ dir, run: name, add, remove, json }: ArgumentsCamelCase<Options>) => {
    const isAsked = add.length + remove.length === 0;
    const tracker = openTracker(dir, { access: isAsked ? 'read' : 'write' });
    try {
      const { id, tags: before } = namedRun(tracker, name);
      const tags = isAsked ? before : tracker.changeTags(id, { add, remove });
      if (json) printJson({ run: id, tags });
      else printLine(tags.length === 0 ? `Run ${id} has no tags.` : tags.join('\n'));
    } finally {
      tracker.close();
    }
  },
};

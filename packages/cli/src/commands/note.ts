import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import { isoTime } from '../views/format.ts';

interface Options extends GlobalOptions {
  run: string;
  text: string[];
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', { type: 'string', demandOption: true, describe: 'A run or an experiment' })
      .positional('text', { type: 'string', array: true, demandOption: true, describe: 'What to write down' })
      .option('json', jsonOption)
      .example('$0 note ablation-mfam-2 the machine was busy, do not time this one', 'a note that `show` shows'),
  handler: ({ dir, run: name, text, json }: ArgumentsCamelCase<Options>) => {
    const tracker = openTracker(dir, { access: 'write' });
    try {
      const { id } = namedRun(tracker, name);
      tracker.addNote(id, text.join(' '));
      const notes = tracker.listNotes(id).map((note) => ({ at: isoTime(note.atMs), text: note.text }));
      if (json) printJson({ run: id, notes });
      else printLine(`Written down of run ${id}; \`calm-orch show ${id}\` shows it.`);
    } finally {
      tracker.close();
    }
  },
};

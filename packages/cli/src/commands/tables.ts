import type { ArgumentsCamelCase, Argv } from 'yargs';
import { renderTables, tableFormats, type TableFormat } from '@calm-orch/report';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { watchTables } from '../progress/watch-tables.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { runWithTables } from '../options/run-with-tables.ts';
import { printLine, wantsColor } from '../output.ts';

interface Options extends GlobalOptions {
  name?: string;
  format: TableFormat;
  watch: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('name', { type: 'string', describe: 'A run or an experiment [default: the last one]' })
      .option('format', { choices: tableFormats, default: 'text' as const, describe: 'How to print it' })
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'Print it again whenever its numbers change, until Ctrl-C; with --json a line each',
      })
      .option('json', { ...jsonOption, describe: `The same as --format json; ${jsonOption.describe}` })
      .example('$0 tables', "the last experiment's table")
      .example('$0 tables ablation-mfam --format latex', 'the newest run of an experiment, for a paper'),
  handler: async ({ dir, name, format: asked, watch, json }: ArgumentsCamelCase<Options>) => {
    const format = json ? 'json' : asked;
    if (watch) return watchTables({ dir, name, format });
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const tables = await judgedTables(tracker, runWithTables(tracker, name), dir);
      printLine(renderTables(tables, format, wantsColor()));
    } finally {
      tracker.close();
    }
  },
};

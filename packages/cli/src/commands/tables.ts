import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import { renderTables, tableFormats, tablesOf, type TableFormat } from '@calm-orch/report';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printLine, wantsColor } from '../output.ts';

interface Options extends GlobalOptions {
  name?: string;
  format: TableFormat;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('name', { type: 'string', describe: 'A run or an experiment [default: the last one]' })
      .option('format', { choices: tableFormats, default: 'text' as const, describe: 'How to print it' })
      .option('json', { ...jsonOption, describe: `The same as --format json; ${jsonOption.describe}` })
      .example('$0 tables', "the last experiment's table")
      .example('$0 tables ablation-mfam --format latex', 'the newest run of an experiment, for a paper'),
  handler: async ({ dir, name, format, json }: ArgumentsCamelCase<Options>) => {
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const tables = await judgedTables(tracker, findRunWithTables(tracker, name), dir);
      printLine(renderTables(tables, json ? 'json' : format, wantsColor()));
    } finally {
      tracker.close();
    }
  },
};

/** The named run; unnamed, the last run that has tables. Throws `not_found`. */
function findRunWithTables(tracker: Tracker, name: string | undefined): RunRecord {
  const run = namedRun(tracker, name);
  const hasTable = (one: RunRecord): boolean => tablesOf(one).some(({ metrics }) => metrics.length > 0);
  if (hasTable(run)) return run;
  for (const { id } of name === undefined ? tracker.listRuns() : []) {
    const other = tracker.getRun(id);
    if (hasTable(other)) return other;
  }
  throw new CalmError('not_found', `run ${run.id} has no table: \`calm-orch show ${run.id}\` shows what it made`);
}

import { basename } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError } from '@calm-orch/core';
import {
  collectTables,
  openTracker,
  renderTables,
  tableFormats,
  type Table,
  type TableFormat,
  type Tracker,
} from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
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
      .option('json', { type: 'boolean', default: false, describe: 'The same as --format json' })
      .example('$0 tables', "the last experiment's table")
      .example('$0 tables ablation-mfam --format latex', 'the newest run of an experiment, for a paper'),
  handler: ({ dir, name, format, json }: ArgumentsCamelCase<Options>) => {
    const tracker = openTracker(dir, { create: false });
    try {
      printLine(renderTables(findTables(tracker, name), json ? 'json' : format, { color: wantsColor() }));
    } finally {
      tracker.close();
    }
  },
};

/** The named run's tables; unnamed, those of the last run that has any. Throws `not_found`. */
function findTables(tracker: Tracker, name: string | undefined): Table[] {
  const run = tracker.findRun(name === undefined ? undefined : experimentOrRun(name));
  const tablesOf = (of: typeof run): Table[] => collectTables(tracker, of).filter(({ metrics }) => metrics.length > 0);
  const tables = tablesOf(run);
  if (tables.length > 0) return tables;
  const others = name === undefined ? tracker.listRuns().map(tablesOf) : [];
  const other = others.find((found) => found.length > 0);
  if (other) return other;
  throw new CalmError('not_found', `run ${run.id} has no table: \`calm-orch show ${run.id}\` shows what it made`);
}

/** A path of an experiment file stands for the experiment. */
export function experimentOrRun(name: string): string {
  return /\.ya?ml$/.test(name) ? basename(name).replace(/\.ya?ml$/, '') : name;
}

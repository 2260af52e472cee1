// Which run a command's argument means.
import { basename } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { tablesOf } from '@calm-orch/report';
import type { RunRecord, Tracker } from '@calm-orch/tracker';

/** The name of an experiment's file stands for its experiment. */
export function experimentOrRun(name: string): string {
  return /\.ya?ml$/.test(name) ? basename(name).replace(/\.ya?ml$/, '') : name;
}

/** By its id, by its experiment or that one's file (the newest), or the last run. @throws CalmError `not_found` */
export function namedRun(tracker: Tracker, name?: string): RunRecord {
  return tracker.findRun(name === undefined ? undefined : experimentOrRun(name));
}

/** The named run; unnamed, the last run that has tables. Throws `not_found`. */
export function runWithTables(tracker: Tracker, name: string | undefined): RunRecord {
  const run = namedRun(tracker, name);
  const hasTable = (one: RunRecord): boolean => tablesOf(one).some(({ metrics }) => metrics.length > 0);
  if (hasTable(run)) return run;
  for (const { id } of name === undefined ? tracker.listRuns() : []) {
    const other = tracker.getRun(id);
    if (hasTable(other)) return other;
  }
  throw new CalmError('not_found', `run ${run.id} has no table: \`calm-orch show ${run.id}\` shows what it made`);
}

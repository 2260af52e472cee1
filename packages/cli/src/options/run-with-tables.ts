// Which run `tables` means.
import { CalmError } from '@calm-orch/core';
import { tablesOf } from '@calm-orch/report';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { namedRun } from './named-run.ts';

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

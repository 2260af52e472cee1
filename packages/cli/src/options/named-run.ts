// Which run a command's argument means.
import { basename } from 'node:path';
import type { RunRecord, Tracker } from '@calm-orch/tracker';

/** The name of an experiment's file stands for its experiment. */
export function experimentOrRun(name: string): string {
  return /\.ya?ml$/.test(name) ? basename(name).replace(/\.ya?ml$/, '') : name;
}

/** By its id, by its experiment or that one's file (the newest), or the last run. @throws CalmError `not_found` */
export function namedRun(tracker: Tracker, name?: string): RunRecord {
  return tracker.findRun(name === undefined ? undefined : experimentOrRun(name));
}

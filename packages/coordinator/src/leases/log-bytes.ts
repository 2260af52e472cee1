// How much a worker has written to its log so far: where in it an attempt begins and ends.
import { statSync } from 'node:fs';
import type { CoordinatorOptions, WorkerRecord } from './records.ts';

/** null: it writes to no file. */
export function logBytes(
  { layout, runId }: Pick<CoordinatorOptions, 'layout' | 'runId'>,
  { role, index }: Pick<WorkerRecord, 'role' | 'index'>,
): number | null {
  try {
    return statSync(layout.log(runId, `${role}-${index}`), { throwIfNoEntry: false })?.size ?? null;
  } catch {
    // None that can be read: whoever writes it says so.
    return null;
  }
}

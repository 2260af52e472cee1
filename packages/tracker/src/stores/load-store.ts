// How busy the machine was during a run: a reading a second at first, at most 3,600 a run. Which seconds are kept follows
// from how many there have been: every first, second, fourth, ... of them.
import { and, eq, max, sql } from 'drizzle-orm';
import type { Store } from '../database/database.ts';
import { machineLoad } from '../database/schema.ts';
import type { MachineLoad } from '../types.ts';

export const maxReadings = 3600;

/** Once there have been so many seconds, one in so many is kept. */
function strideOf(second: number): number {
  let stride = 1;
  while (second >= maxReadings * stride) stride *= 2;
  return stride;
}

/** Whether a reading of this second is wanted. */
export const isLoadKept = (second: number): boolean => second % strideOf(second) === 0;

/** The second a run's readings go on with: 0 at its begin, after a resume the one after the last. */
export function nextSecond({ db }: Store, runId: string): number {
  const found = db
    .select({ last: max(machineLoad.second) })
    .from(machineLoad)
    .where(eq(machineLoad.runId, runId))
    .get();
  return found?.last == null ? 0 : found.last + 1;
}

/** One that is not wanted is not recorded; where fewer are wanted from now on, those before are thinned. */
export function recordLoad({ db, clock }: Store, runId: string, second: number, reading: MachineLoad): void {
  if (!isLoadKept(second)) return;
  const stride = strideOf(second);
  db.delete(machineLoad)
    .where(and(eq(machineLoad.runId, runId), sql`${machineLoad.second} % ${stride} <> 0`))
    .run();
  db.insert(machineLoad)
    .values({ runId, second, atMs: clock(), ...reading })
    .onConflictDoNothing()
    .run();
}

/** Oldest first. */
export function listLoad({ db }: Store, runId: string): (MachineLoad & { readonly atMs: number })[] {
  const { atMs, cpu, memoryBytes, gpu, gpuMemoryBytes } = machineLoad;
  return db
    .select({ atMs, cpu, memoryBytes, gpu, gpuMemoryBytes })
    .from(machineLoad)
    .where(eq(machineLoad.runId, runId))
    .orderBy(machineLoad.second)
    .all();
}

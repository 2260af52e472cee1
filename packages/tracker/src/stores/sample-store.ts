// How busy the machine was during a run: a sample a second at first, at most 3,600 a run. Which seconds are kept follows
// from how many there have been: every first, second, fourth, ... of them.
import { and, eq, max, sql } from 'drizzle-orm';
import type { Store } from '../database/database.ts';
import { samples } from '../database/schema.ts';
import type { MachineSample } from '../types.ts';

export const maxSamples = 3600;

/** Of `ticks` seconds one in so many is kept. */
function strideOf(tick: number): number {
  let stride = 1;
  while (tick >= maxSamples * stride) stride *= 2;
  return stride;
}

/** Whether a sample of this second is wanted. */
export const isSampled = (tick: number): boolean => tick % strideOf(tick) === 0;

/** The second a run's samples go on with: 0 at its begin, after a resume the one after the last. */
export function nextTick({ db }: Store, runId: string): number {
  const found = db
    .select({ last: max(samples.tick) })
    .from(samples)
    .where(eq(samples.runId, runId))
    .get();
  return found?.last == null ? 0 : found.last + 1;
}

/** One that is not wanted is not recorded; where fewer are wanted from now on, those before are thinned. */
export function recordSample({ db, clock }: Store, runId: string, tick: number, sample: MachineSample): void {
  if (!isSampled(tick)) return;
  const stride = strideOf(tick);
  if (tick === (maxSamples * stride) / 2)
    db.delete(samples)
      .where(and(eq(samples.runId, runId), sql`${samples.tick} % ${stride} <> 0`))
      .run();
  db.insert(samples)
    .values({ runId, tick, atMs: clock(), ...sample })
    .onConflictDoNothing()
    .run();
}

/** Oldest first. */
export function listSamples({ db }: Store, runId: string): (MachineSample & { readonly atMs: number })[] {
  const { atMs, cpu, memoryBytes, gpu, gpuMemoryBytes } = samples;
  return db
    .select({ atMs, cpu, memoryBytes, gpu, gpuMemoryBytes })
    .from(samples)
    .where(eq(samples.runId, runId))
    .orderBy(samples.tick)
    .all();
}

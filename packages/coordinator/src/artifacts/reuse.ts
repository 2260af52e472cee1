// Which artifacts a run may use again. Bytes are looked at before the run is planned, as that takes a second a gigabyte;
// within the transaction that plans it only whether what was looked at is still there.
import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Tracker } from '@calm-orch/tracker';
import { damageOfStage, damageText } from './damage.ts';
import type { Layout } from './layout.ts';
import type { PlanStage } from '../plan/plan.ts';

export interface CheckedArtifacts {
  /** Keys of stages that need not be made again. */
  readonly whole: ReadonlySet<string>;
  /** By key: what is wrong with an artifact, and which folder that was found in. */
  readonly damaged: ReadonlyMap<string, { readonly what: string; readonly inode: number }>;
}

/** Looks at every artifact of these stages that should be there. */
export async function checkArtifacts(
  tracker: Tracker,
  layout: Layout,
  stages: readonly Pick<PlanStage, 'key'>[],
  signal?: AbortSignal,
): Promise<CheckedArtifacts> {
  const whole = new Set<string>();
  const damaged = new Map<string, { what: string; inode: number }>();
  for (const { key } of stages) {
    if (signal?.aborted) break;
    const inode = inodeOf(layout, key);
    if (inode === null || whole.has(key) || tracker.findSucceededStage(key) === null) continue;
    const damage = damageOfStage(tracker, layout, key, 'reuse');
    if (damage.length === 0) whole.add(key);
    else damaged.set(key, { what: damageText(damage), inode });
    // Signals are heard in between.
    await setImmediate();
  }
  return { whole, damaged };
}

/**
 * Whether a stage's artifact can be used again, and what is wrong with it. A damaged one stays until it is replaced: another
 * run may be reading it.
 */
export function reuseOf(
  tracker: Tracker,
  layout: Layout,
  { damaged }: CheckedArtifacts,
  key: string,
): { readonly isWhole: boolean; readonly problem: string | null } {
  const inode = inodeOf(layout, key);
  if (inode === null || tracker.findSucceededStage(key) === null) return { isWhole: false, problem: null };
  const found = damaged.get(key);
  // In another folder lies what another run has made since.
  if (found?.inode === inode) return { isWhole: false, problem: found.what };
  const damage = damageOfStage(tracker, layout, key, 'sizes');
  return { isWhole: damage.length === 0, problem: damage.length === 0 ? null : damageText(damage) };
}

function inodeOf(layout: Layout, key: string): number | null {
  return statSync(layout.artifact(key), { throwIfNoEntry: false })?.ino ?? null;
}

// What a coordinator that died has left to the next one of its run: workers that wait for it, and where they look.
// Whether they can be kept: only if they run the code and engine this coordinator has planned with.
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { readConnection, type RunConnection } from './connection.ts';
import type { Layout } from '../artifacts/layout.ts';
import type { PlanSources } from '../plan/plan.ts';
import { endProcess } from './worker-process.ts';

export interface Legacy {
  readonly connection: RunConnection | null;
  /** Living workers go on with what they hold; else they are ended. */
  readonly isKept: boolean;
}

export const noLegacy: Legacy = { connection: null, isKept: false };

/** Hash of all that workers compute with. */
export function workerCode({ kinds, code, engine }: PlanSources): string {
  return hashOf({ engine, code: Object.fromEntries(kinds.map(({ kind }) => [kind, code(kind)])) });
}

export function takeOver(tracker: Tracker, layout: Layout, runId: string, code: string): Legacy {
  const connection = readConnection(layout, runId);
  const isKept = connection?.code === code && tracker.livingWorkers(runId).length > 0;
  return { connection, isKept };
}

const lookEveryMs = 50;
/** A compute child notices within half a second that its worker is gone. */
const computeEndsMs = 700;

/** Ends what is left of a run's workers; returns once they and their computations are gone. */
export async function endAll(tracker: Tracker, runId: string): Promise<void> {
  const living = tracker.livingWorkers(runId);
  if (living.length === 0) return;
  for (const worker of living) endProcess(worker);
  while (tracker.livingWorkers(runId).length > 0) await sleep(lookEveryMs);
  await sleep(computeEndsMs);
}

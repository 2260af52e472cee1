// What a coordinator that died has left to the next one of its run: workers that wait for it, and where they look.
// Whether they can be kept: only if they run the code and engine this coordinator has planned with.
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import { isAlive, stopProcess } from '../launchers/host-process.ts';
import { readConnection, type RunConnection } from './connection.ts';
import type { RunOptions } from './run.ts';

export interface Legacy {
  /** Hash of all that workers compute with. */
  readonly code: string;
  /** Where living workers look; they go on with what they hold. null: there are none to go on. */
  readonly before: RunConnection | null;
}

export function findLegacy({ resume, sources, layout, tracker, cluster }: RunOptions): Legacy {
  const { kinds, engine } = sources;
  const code = hashOf({ engine, code: Object.fromEntries(kinds.map(({ kind }) => [kind, sources.code(kind)])) });
  const before = resume === undefined ? null : readConnection(layout, resume);
  const goesOn = cluster === undefined && before?.code === code && tracker.livingWorkers(resume!).length > 0;
  return { code, before: goesOn ? before : null };
}

const lookEveryMs = 50;
/** A compute child notices within half a second that its worker is gone. */
const computeEndsMs = 700;

/** Ends what is left of a run's workers; returns once they and their computations are gone. */
export async function endAll(tracker: Tracker, runId: string): Promise<void> {
  const living = tracker.livingWorkers(runId);
  if (living.length === 0) return;
  for (const worker of living) stopProcess(worker, 'at once');
  while (living.some(isAlive)) await sleep(lookEveryMs);
  for (const { instance } of living)
    tracker.endWorker(runId, instance, { ending: 'replaced', reason: 'was ended by the next coordinator' });
  await sleep(computeEndsMs);
}

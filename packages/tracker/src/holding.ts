// A run is written by one coordinator at a time: the process that created or resumed it last. Whoever was taken for dead
// meanwhile is told with its next write, and changes nothing.
import { eq } from 'drizzle-orm';
import { CalmError } from '@calm-orch/core';
import { prepared, provenIn, transaction, type Store } from './database/database.ts';
import { isHere } from './liveness.ts';
import { runs } from './database/schema.ts';

/** Why a coordinator must stop. */
export interface Superseded {
  /** The next coordinator is on this machine: it has what this one started, and ends what it does not want. */
  readonly workersAreTaken: boolean;
}

/** Runs `write` in a transaction in which this process still has the run. @throws CalmError `superseded` */
export function holding<T>(store: Store, runId: string, write: () => T): T {
  return transaction(store, () => {
    assertHeld(store, runId);
    return write();
  });
}

/** For writes that name a lease: one of an unknown token is refused by the write itself. */
export function holdingAttempt<T>(store: Store, token: string, write: () => T): T {
  return transaction(store, () => {
    const runId = prepared(store, 'SELECT run_id FROM attempts WHERE token = ?').pluck().get(token) as
      string | undefined;
    if (runId !== undefined) assertHeld(store, runId);
    return write();
  });
}

/** For writes that name no run: those of a process that has lost any of its runs are refused. */
export function holdingAll<T>(store: Store, write: () => T): T {
  return transaction(store, () => {
    for (const runId of store.held.keys()) assertHeld(store, runId);
    return write();
  });
}

function assertHeld(store: Store, runId: string): void {
  const proven = provenIn(store);
  if (proven.has(runId) && store.held.has(runId)) return;
  const isHeld = prepared(store, "SELECT 1 FROM runs WHERE id = ? AND status = 'running' AND session = ?");
  if (isHeld.get(runId, store.held.get(runId) ?? null) !== undefined) return void proven.add(runId);
  const run = store.db.select().from(runs).where(eq(runs.id, runId)).get();
  // Without a run the write itself says what is wrong.
  if (run === undefined) return;
  const isTaken = run.status === 'running' || run.session > (store.held.get(runId) ?? run.session);
  const how = isTaken
    ? `was taken over by another coordinator (process ${run.pid} on ${run.host})`
    : `has ended (${run.interrupted ? 'it was given up: nothing was heard of its coordinator' : run.status})`;
  const data: Superseded = { workersAreTaken: isTaken && isHere(store, run) };
  throw new CalmError('superseded', `run ${runId} ${how}; this one changes nothing any more and stops`, {
    data: { ...data },
  });
}

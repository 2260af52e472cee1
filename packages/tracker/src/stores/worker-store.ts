// The worker processes of runs: recorded when they are started, so that a coordinator that takes over finds them, and
// what they hold. A worker lives if the process of its number started when it did.
import { and, eq, isNotNull } from 'drizzle-orm';
import type { Role } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { isHere } from '../liveness.ts';
import { attempts, runs, workers } from '../database/schema.ts';

export interface RunWorker {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
  readonly pid: number;
  readonly started: string;
  /** Null until it has registered. */
  readonly instance: string | null;
}

/** A process that has ended already is not recorded. */
export function recordWorker(
  { db, processStart }: Store,
  runId: string,
  { role, index, pid }: Pick<RunWorker, 'role' | 'index' | 'pid'>,
): void {
  const started = processStart(pid);
  if (started === null) return;
  db.insert(workers)
    .values({ runId, pid, started, role, position: index })
    .onConflictDoUpdate({
      target: [workers.runId, workers.pid],
      set: { started, role, position: index, instance: null },
    })
    .run();
}

export function nameWorker({ db }: Store, runId: string, pid: number, instance: string): void {
  db.update(workers).set({ instance }).where(ofRun(runId, pid)).run();
}

export function forgetWorker({ db }: Store, runId: string, pid: number): void {
  db.delete(workers).where(ofRun(runId, pid)).run();
}

/** Those that live, where they can be looked at from here. */
export function livingWorkers(store: Store, runId: string): RunWorker[] {
  const rows = store.db.select().from(workers).where(eq(workers.runId, runId)).all();
  const run = store.db.select().from(runs).where(eq(runs.id, runId)).get();
  if (run === undefined || !isHere(store, run)) return [];
  return rows
    .filter(({ pid, started }) => store.processStart(pid) === started)
    .map(({ role, position, pid, started, instance }) => ({ role, index: position, pid, started, instance }));
}

/** Living workers of a run that hold an attempt at the stage. */
export function workersAt(store: Store, runId: string, stageKey: string): RunWorker[] {
  const holding = store.db
    .select({ instance: attempts.instance })
    .from(attempts)
    .where(
      and(
        eq(attempts.runId, runId),
        eq(attempts.stageKey, stageKey),
        eq(attempts.status, 'running'),
        isNotNull(attempts.instance),
      ),
    )
    .all()
    .map(({ instance }) => instance);
  if (holding.length === 0) return [];
  return livingWorkers(store, runId).filter(({ instance }) => instance !== null && holding.includes(instance));
}

const ofRun = (runId: string, pid: number) => and(eq(workers.runId, runId), eq(workers.pid, pid));

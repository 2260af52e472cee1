// The worker processes of runs: recorded when they are started, so that a coordinator that takes over finds them, and
// what they hold; kept with their end, for timelines. A worker lives if the process of its number started when it did.
import { and, eq, isNotNull, isNull, notInArray } from 'drizzle-orm';
import type { Role } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { isHere } from '../liveness.ts';
import { attempts, runs, workers } from '../database/schema.ts';
import type { WorkerEnding } from '../types.ts';

export interface RunWorker {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
  readonly pid: number;
  readonly started: string;
  /** Null until it has registered. */
  readonly instance: string | null;
}

/** A worker from its start to its end. */
export interface WorkerRecord extends Omit<RunWorker, 'started'> {
  /** Of the run, in which it was started: 1 + number of resumes before. */
  readonly session: number;
  readonly host: string;
  /** Of its computations; null: not known. */
  readonly threads: number | null;
  readonly joinedMs: number;
  /** null: it has not ended, or nobody has looked yet. Of one that nobody saw end: when its coordinator was last heard of. */
  readonly endedMs: number | null;
  readonly ending: WorkerEnding | null;
  /** In words; null as `ending` is. */
  readonly reason: string | null;
}

export interface NewWorker extends Pick<RunWorker, 'role' | 'index' | 'pid'> {
  /** Of its computations. @default not known */
  readonly threads?: number;
}

/** A process that has ended already is not recorded. */
export function recordWorker(store: Store, runId: string, { role, index, pid, threads }: NewWorker): void {
  const { db, processStart, host, clock } = store;
  const started = processStart(pid);
  if (started === null) return;
  endWorker(store, runId, pid, { ending: 'lost', reason: 'its number was given to another process' });
  const { session } = db.select({ session: runs.session }).from(runs).where(eq(runs.id, runId)).get()!;
  db.insert(workers)
    .values({ runId, session, host, pid, started, role, position: index, threads, joinedMs: clock() })
    .run();
}

export function nameWorker({ db }: Store, runId: string, pid: number, instance: string): void {
  db.update(workers).set({ instance }).where(open(runId, pid)).run();
}

export interface WorkerEnd {
  readonly ending: WorkerEnding;
  /** In words. */
  readonly reason: string;
}

export function endWorker({ db, clock }: Store, runId: string, pid: number, end: WorkerEnd): void {
  db.update(workers)
    .set({ ...end, endedMs: clock() })
    .where(open(runId, pid))
    .run();
}

/** Those that have ended while the run had no coordinator. `heartbeatMs`: when its last one was heard of. */
export function loseWorkers(store: Store, run: Pick<typeof runs.$inferSelect, 'id' | 'heartbeatMs'>): void {
  const living = livingWorkers(store, run.id).map(({ pid }) => pid);
  store.db
    .update(workers)
    .set({ ending: 'lost', reason: 'ended unseen, after its coordinator', endedMs: run.heartbeatMs })
    .where(and(eq(workers.runId, run.id), isNull(workers.endedMs), notInArray(workers.pid, living)))
    .run();
}

/** In order of their start. */
export function listWorkers({ db }: Store, runId: string): WorkerRecord[] {
  return db
    .select()
    .from(workers)
    .where(eq(workers.runId, runId))
    .orderBy(workers.id)
    .all()
    .map(({ id: _id, runId: _runId, started: _started, position: index, ...record }) => ({ ...record, index }));
}

/** Those that live, where they can be looked at from here. */
export function livingWorkers(store: Store, runId: string): RunWorker[] {
  const rows = store.db
    .select()
    .from(workers)
    .where(and(eq(workers.runId, runId), isNull(workers.endedMs)))
    .all();
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

const open = (runId: string, pid: number) =>
  and(eq(workers.runId, runId), eq(workers.pid, pid), isNull(workers.endedMs));

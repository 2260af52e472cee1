// The worker processes of runs: recorded when they are started, so that a coordinator that takes over finds them, and
// what they hold; kept with their end, for timelines. A worker lives if the process of its number started when it did.
import { and, eq, isNotNull, isNull, notInArray, type SQL } from 'drizzle-orm';
import { canonicalJson, type Role, type WorkerFacts } from '@calm-orch/core';
import { countRows, type Store } from '../database/database.ts';
import { isHere } from '../liveness.ts';
import { attempts, runs, workers } from '../database/schema.ts';
import type { WorkerEnding } from '../types.ts';

export interface RunWorker {
  readonly role: Role;
  /** 0-based among the workers of the role. */
  readonly index: number;
  readonly pid: number;
  readonly started: string;
  /** Its name, from its start on. */
  readonly instance: string;
  readonly hasRegistered: boolean;
  /** As it has said, canonical JSON; null: it has not. */
  readonly engine: string | null;
}

/** A worker from its start to its end. */
export interface WorkerRecord extends Omit<RunWorker, 'started' | 'hasRegistered'> {
  /** Of the run, in which it was started: 1 + number of resumes before. */
  readonly session: number;
  readonly host: string;
  /** Of its computations; null: not known (yet), as the two that follow. */
  readonly threads: number | null;
  readonly numCores: number | null;
  readonly numGpus: number | null;
  readonly joinedMs: number;
  /** null: it has not ended, or nobody has looked yet. Of one that nobody saw end: when its coordinator was last heard of. */
  readonly endedMs: number | null;
  readonly ending: WorkerEnding | null;
  /** In words; null as `ending` is. */
  readonly reason: string | null;
}

/** A process started here. */
export type NewWorker = Pick<RunWorker, 'role' | 'index' | 'pid' | 'instance'>;

/** A process that has ended already is not recorded. */
export function recordWorker(store: Store, runId: string, worker: NewWorker): void {
  const { processStart, host } = store;
  const started = processStart(worker.pid);
  if (started === null) return;
  const sameNumber = and(eq(workers.pid, worker.pid), eq(workers.host, host));
  end(store, and(open(runId), sameNumber), { ending: 'lost', reason: 'its number was given to another process' });
  insert(store, runId, { ...worker, host, started });
}

/** A process of another host, once it has registered; again: nothing changes. */
export function recordGuest(store: Store, runId: string, guest: NewWorker & { readonly host: string }): void {
  const isSame = and(open(runId), eq(workers.instance, guest.instance))!;
  if (countRows(store, workers, isSame) === 0) insert(store, runId, { ...guest, started: '' });
}

interface StartedWorker extends NewWorker {
  readonly host: string;
  readonly started: string;
}

function insert({ db, clock }: Store, runId: string, { index: position, ...worker }: StartedWorker): void {
  const { session } = db.select({ session: runs.session }).from(runs).where(eq(runs.id, runId)).get()!;
  db.insert(workers)
    .values({ ...worker, runId, session, position, joinedMs: clock() })
    .run();
}

export function registerWorker({ db }: Store, runId: string, instance: string, facts: WorkerFacts): void {
  db.update(workers)
    .set({ ...facts, engine: canonicalJson(facts.engine) })
    .where(and(open(runId), eq(workers.instance, instance)))
    .run();
}

export interface WorkerEnd {
  readonly ending: WorkerEnding;
  /** In words. */
  readonly reason: string;
}

export function endWorker(store: Store, runId: string, instance: string, how: WorkerEnd): void {
  end(store, and(open(runId), eq(workers.instance, instance)), how);
}

function end({ db, clock }: Store, which: SQL | undefined, how: WorkerEnd): void {
  db.update(workers)
    .set({ ...how, endedMs: clock() })
    .where(which)
    .run();
}

/** Those that have ended while the run had no coordinator. `heartbeatMs`: when its last one was heard of. */
export function loseWorkers(store: Store, run: Pick<typeof runs.$inferSelect, 'id' | 'heartbeatMs'>): void {
  const living = livingWorkers(store, run.id).map(({ instance }) => instance);
  store.db
    .update(workers)
    .set({ ending: 'lost', reason: 'ended unseen, after its coordinator', endedMs: run.heartbeatMs })
    .where(and(open(run.id), notInArray(workers.instance, living)))
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
    .map(({ id: _id, runId: _runId, started: _started, place: _place, position: index, instance, ...record }) => ({
      ...record,
      index,
      // The migrations have named all that had no name.
      instance: instance!,
    }));
}

/** Those that live, where they can be looked at from here. */
export function livingWorkers(store: Store, runId: string): RunWorker[] {
  return store.db
    .select()
    .from(workers)
    .where(open(runId))
    .all()
    .filter((row) => isHere(store, row) && store.processStart(row.pid) === row.started)
    .map(({ role, position: index, pid, started, instance, place, engine }) => ({
      role,
      index,
      pid,
      started,
      instance: instance!,
      hasRegistered: place !== null,
      engine,
    }));
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
  return livingWorkers(store, runId).filter(({ instance }) => holding.includes(instance));
}

const open = (runId: string) => and(eq(workers.runId, runId), isNull(workers.endedMs));

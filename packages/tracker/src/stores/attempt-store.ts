// Attempts at items of stages: leased, ended, kept after a takeover. An end compares the attempt's token; a stale one
// changes nothing.
import { and, eq, inArray, sql } from 'drizzle-orm';
import { CalmError, canonicalJson, type StageResult } from '@calm-orch/core';
import { prepared, transaction, type Store } from '../database/database.ts';
import { attempts, runs, stages } from '../database/schema.ts';
import { appendEvent } from './event-store.ts';
import { getStage, unknownStage } from './stage-queries.ts';
import { findClaim, setStage, unfinished } from './stage-status.ts';
import type { AttemptRecord, AttemptStatus, Status } from '../types.ts';

export interface AttemptOptions {
  /** A gang's members hold attempts at the same item at once. @default false */
  readonly joins?: boolean;
  readonly instance?: string | null;
  /** Bytes of the worker's log so far. */
  readonly logStart?: number | null;
}

/** What decides whether an item may be leased. */
interface ItemState {
  readonly kind: string;
  readonly status: Status;
  readonly numItems: number;
  readonly isDone: 0 | 1;
  readonly lastAttempt: number;
  /** Who holds it. */
  readonly holder: string | null;
}
const itemState = `SELECT kind, status, num_items numItems,
  EXISTS (SELECT 1 FROM items WHERE stage_key = key AND item = @item) isDone,
  (SELECT coalesce(max(attempt), 0) FROM attempts WHERE stage_key = key AND item = @item) lastAttempt,
  (SELECT worker FROM attempts WHERE stage_key = key AND item = @item AND status = 'running' ORDER BY attempt) holder
  FROM stages WHERE key = @stageKey`;
const newAttempt = `INSERT INTO attempts
  (token, run_id, session, stage_key, item, attempt, worker, status, instance, started_ms, log_start)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const sessionOf = ({ db }: Store, runId: string): number =>
  db.select({ session: runs.session }).from(runs).where(eq(runs.id, runId)).get()!.session;

export function startAttempt(
  store: Store,
  runId: string,
  stageKey: string,
  item: number,
  worker: string,
  { joins = false, instance = null, logStart = null }: AttemptOptions = {},
): AttemptRecord {
  return transaction(store, () => {
    const state = prepared(store, itemState).get({ stageKey, item }) as ItemState | undefined;
    if (state === undefined) throw unknownStage(stageKey);
    const { kind, status, numItems, isDone, lastAttempt, holder } = state;
    const why = !unfinished.includes(status)
      ? `the stage is ${status}`
      : item < 0 || item >= numItems
        ? `the stage has ${numItems} items`
        : isDone
          ? 'the item is finished'
          : holder !== null && !joins && `${holder} holds it`;
    if (why) throw new CalmError('lease_lost', `cannot lease item ${item} of stage ${kind} ${stageKey}: ${why}`);
    const session = store.held.get(runId) ?? sessionOf(store, runId);
    const started = {
      token: store.newToken(),
      runId,
      stageKey,
      item,
      attempt: lastAttempt + 1,
      worker,
      instance,
      status: 'running' as const,
      error: null,
      stack: null,
      startedMs: store.clock(),
      endedMs: null,
      logStart,
      logEnd: null,
    };
    const { token, attempt, startedMs } = started;
    // Names of parameters cost as much as the row.
    prepared(store, newAttempt).run(
      ...[token, runId, session, stageKey, item, attempt, worker, started.status, instance, startedMs, logStart],
    );
    if (status === 'queued') {
      setStage(store, runId, stageKey, 'running', null);
      appendEvent(store, { runId, stageKey, type: 'stage started', message: kind });
    }
    appendEvent(store, { runId, stageKey, item, attempt, type: 'attempt started', message: worker });
    return started;
  });
}

/**
 * After a run was taken over and planned: attempts at stages of `keys` whose workers (by instance) live go on in the new
 * session, all others are lost. Returns those that go on.
 */
export function keepAttempts(
  store: Store,
  runId: string,
  keys: ReadonlySet<string>,
  instances: ReadonlySet<string>,
): AttemptRecord[] {
  const { db } = store;
  return transaction(store, () => {
    const session = sessionOf(store, runId);
    const running = db
      .select()
      .from(attempts)
      .where(and(eq(attempts.runId, runId), eq(attempts.status, 'running')))
      .all();
    const lives = ({ stageKey, instance }: AttemptRow): boolean =>
      keys.has(stageKey) && instance !== null && instances.has(instance);
    for (const attempt of running.filter((row) => !lives(row))) {
      const { token, stageKey } = attempt;
      endAttempt(store, token, 'lost', 'its worker was gone');
      if (!keys.has(stageKey) && findClaim(store, stageKey) === runId)
        db.update(stages).set({ status: 'cancelled', claimedBy: null }).where(eq(stages.key, stageKey)).run();
    }
    return running.filter(lives).map((row) => {
      const { session: _session, progressed: _progressed, ...record } = row;
      db.update(attempts).set({ session }).where(eq(attempts.token, row.token)).run();
      if (getStage(store, row.stageKey).status === 'queued') setStage(store, runId, row.stageKey, 'running', null);
      return record;
    });
  });
}

const newResult = 'INSERT INTO items (stage_key, item, result) VALUES (?, ?, ?)';

export function finishItem(store: Store, token: string, result: StageResult, adopt: () => void = () => {}): void {
  transaction(store, () => {
    const { stageKey, item } = endAttempt(store, token, 'succeeded', null);
    adopt();
    prepared(store, newResult).run(stageKey, item, canonicalJson(result));
  });
}

export function failAttempt(store: Store, token: string, error: string, stack?: string): { readonly failures: number } {
  return transaction(store, () => {
    const failed = endAttempt(store, token, 'failed', error, { stack });
    const failures = sessionAttempts(store, failed).filter(({ status }) => status === 'failed').length;
    return { failures };
  });
}

export function loseAttempt(
  store: Store,
  token: string,
  reason: string,
  how: { readonly progressed?: boolean; readonly stack?: string } = {},
): { readonly lostInARow: number } {
  return transaction(store, () => {
    const lost = endAttempt(store, token, 'lost', reason, how);
    const all = sessionAttempts(store, lost);
    const lastGood = all.findLastIndex((attempt) => attempt.status !== 'lost' || attempt.progressed);
    return { lostInARow: all.length - 1 - lastGood };
  });
}

export function cancelAttempt(store: Store, token: string, reason: string): void {
  transaction(store, () => endAttempt(store, token, 'cancelled', reason));
}

/** Once it has ended. @param bytes Of the worker's log by then. */
export function endLog(store: Store, token: string, bytes: number): void {
  prepared(store, 'UPDATE attempts SET log_end = ? WHERE token = ?').run(bytes, token);
}

const endEvents = {
  succeeded: 'item succeeded',
  failed: 'attempt failed',
  lost: 'attempt lost',
  cancelled: 'attempt cancelled',
} as const;

type AttemptRow = typeof attempts.$inferSelect;
type Ended = Pick<AttemptRow, 'runId' | 'session' | 'stageKey' | 'item' | 'attempt' | 'worker'>;

const ending = `UPDATE attempts
  SET status = ?, error = ?, stack = ?, progressed = ?, ended_ms = ?
  WHERE token = ? AND status = 'running'
  RETURNING run_id runId, session, stage_key stageKey, item, attempt, worker`;

/** Compares the token: only a running attempt ends, and only once. */
export function endAttempt(
  store: Store,
  token: string,
  status: Exclude<AttemptStatus, 'running'>,
  error: string | null,
  { progressed = false, stack = null }: { readonly progressed?: boolean; readonly stack?: string | null } = {},
): Ended {
  const how = [status, error, stack, Number(progressed), store.clock(), token];
  const ended = prepared(store, ending).get(...how) as Ended | undefined;
  if (!ended) throw new CalmError('lease_lost', 'the attempt is no longer running: its lease was taken back');
  const { runId, stageKey, item, attempt, worker } = ended;
  const message = error === null ? worker : `${worker}: ${error}`;
  appendEvent(store, { runId, stageKey, item, attempt, type: endEvents[status], message });
  return ended;
}

/** Attempts at the same item in the same session of the run, oldest first. */
function sessionAttempts({ db }: Store, { runId, session, stageKey, item }: Ended): AttemptRow[] {
  return db
    .select()
    .from(attempts)
    .where(
      sql`${attempts.runId} = ${runId} AND ${attempts.session} = ${session} AND ${attempts.stageKey} = ${stageKey} AND ${attempts.item} = ${item}`,
    )
    .orderBy(attempts.attempt)
    .all();
}

/** Of all attempts at the stages, or of a run's alone. */
export function runningTokens({ db }: Store, keys: string[], runId?: string): string[] {
  const ofRun = runId === undefined ? undefined : eq(attempts.runId, runId);
  return db
    .select({ token: attempts.token })
    .from(attempts)
    .where(and(ofRun, inArray(attempts.stageKey, keys), eq(attempts.status, 'running')))
    .all()
    .map(({ token }) => token);
}

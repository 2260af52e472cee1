// Attempts at items of stages: leased, ended, kept after a takeover. An end compares the attempt's token; a stale one
// changes nothing.
import { and, count, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import { CalmError, canonicalJson, type StageResult } from '@calm-orch/core';
import { preparedOnce, transaction, type Store } from '../database/database.ts';
import { attempts, items, runs, stages } from '../database/schema.ts';
import { appendEvent } from './event-store.ts';
import { getStage } from './stage-queries.ts';
import { findClaim, setStage, unfinished } from './stage-status.ts';
import type { AttemptRecord, AttemptStatus } from '../types.ts';

export interface AttemptOptions {
  /** A gang's members hold attempts at the same item at once. @default false */
  readonly joins?: boolean;
  readonly instance?: string | null;
  /** Bytes of the worker's log so far. */
  readonly logStart?: number | null;
}

const { placeholder } = sql;
const ofItem = (table: typeof items | typeof attempts) =>
  and(eq(table.stageKey, placeholder('stageKey')), eq(table.item, placeholder('item')));
const stageState = preparedOnce((db) => {
  const { kind, status, numItems } = stages;
  return db
    .select({ kind, status, numItems })
    .from(stages)
    .where(eq(stages.key, placeholder('key')))
    .prepare();
});
/** Without what would have to be parsed. */
const stateOf = (store: Store, key: string) => stageState(store).get({ key }) ?? getStage(store, key);
const itemResult = preparedOnce((db) => db.select().from(items).where(ofItem(items)).prepare());
const attemptsAt = preparedOnce((db) => {
  const { attempt, status, worker } = attempts;
  return db.select({ attempt, status, worker }).from(attempts).where(ofItem(attempts)).prepare();
});
const sessionOf = preparedOnce((db) =>
  db
    .select({ session: runs.session })
    .from(runs)
    .where(eq(runs.id, placeholder('runId')))
    .prepare(),
);
const newAttempt = preparedOnce((db) => {
  const names = Object.keys(getTableColumns(attempts)).filter((name) => name !== 'progressed');
  const values = Object.fromEntries(names.map((name) => [name, placeholder(name)]));
  return db
    .insert(attempts)
    .values(values as never)
    .prepare();
});

export function startAttempt(
  store: Store,
  runId: string,
  stageKey: string,
  item: number,
  worker: string,
  { joins = false, instance = null, logStart = null }: AttemptOptions = {},
): AttemptRecord {
  return transaction(store, () => {
    const stage = stateOf(store, stageKey);
    const done = itemResult(store).get({ stageKey, item });
    const before = attemptsAt(store).all({ stageKey, item });
    const running = before.find(({ status }) => status === 'running');
    const why = !unfinished.includes(stage.status)
      ? `the stage is ${stage.status}`
      : item < 0 || item >= stage.numItems
        ? `the stage has ${stage.numItems} items`
        : done
          ? 'the item is finished'
          : running && !joins && `${running.worker} holds it`;
    if (why) throw new CalmError('lease_lost', `cannot lease item ${item} of stage ${stage.kind} ${stageKey}: ${why}`);
    const { session } = sessionOf(store).get({ runId })!;
    const started = {
      token: store.newToken(),
      runId,
      stageKey,
      item,
      attempt: 1 + Math.max(0, ...before.map(({ attempt }) => attempt)),
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
    newAttempt(store).run({ ...started, session });
    if (stage.status === 'queued') {
      setStage(store, runId, stageKey, 'running', null);
      appendEvent(store, { runId, stageKey, type: 'stage started', message: stage.kind });
    }
    const { attempt } = started;
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
    const { session } = sessionOf(store).get({ runId })!;
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

const newResult = preparedOnce((db) =>
  db
    .insert(items)
    .values({ stageKey: placeholder('stageKey'), item: placeholder('item'), result: placeholder('result') })
    .prepare(),
);
const numFinished = preparedOnce((db) =>
  db
    .select({ value: count() })
    .from(items)
    .where(eq(items.stageKey, placeholder('stageKey')))
    .prepare(),
);

export function finishItem(
  store: Store,
  token: string,
  result: StageResult,
  adopt: () => void = () => {},
): { readonly itemsLeft: number } {
  return transaction(store, () => {
    const { stageKey, item } = endAttempt(store, token, 'succeeded', null);
    adopt();
    newResult(store).run({ stageKey, item, result: canonicalJson(result) });
    return { itemsLeft: stateOf(store, stageKey).numItems - numFinished(store).get({ stageKey })!.value };
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
export function endLog({ db }: Store, token: string, bytes: number): void {
  db.update(attempts).set({ logEnd: bytes }).where(eq(attempts.token, token)).run();
}

const endEvents = {
  succeeded: 'item succeeded',
  failed: 'attempt failed',
  lost: 'attempt lost',
  cancelled: 'attempt cancelled',
} as const;

type AttemptRow = typeof attempts.$inferSelect;

const ending = preparedOnce((db) => {
  const names = ['status', 'error', 'stack', 'progressed', 'endedMs'] as const;
  return db
    .update(attempts)
    .set(Object.fromEntries(names.map((name) => [name, placeholder(name)])))
    .where(and(eq(attempts.token, placeholder('token')), eq(attempts.status, 'running')))
    .returning()
    .prepare();
});

/** Compares the token: only a running attempt ends, and only once. */
export function endAttempt(
  store: Store,
  token: string,
  status: Exclude<AttemptStatus, 'running'>,
  error: string | null,
  { progressed = false, stack = null }: { readonly progressed?: boolean; readonly stack?: string | null } = {},
): AttemptRow {
  const how = { token, status, error, stack, progressed, endedMs: store.clock() };
  const ended = ending(store).get(how) as AttemptRow | undefined;
  if (!ended) throw new CalmError('lease_lost', 'the attempt is no longer running: its lease was taken back');
  const { runId, stageKey, item, attempt, worker } = ended;
  const message = error === null ? worker : `${worker}: ${error}`;
  appendEvent(store, { runId, stageKey, item, attempt, type: endEvents[status], message });
  return ended;
}

/** Attempts at the same item in the same session of the run, oldest first. */
function sessionAttempts({ db }: Store, { runId, session, stageKey, item }: AttemptRow): AttemptRow[] {
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

// Stages, items and attempts: the only place where they change state. Every transition is one transaction that
// compares the attempt's token (or the stage's status) and appends an event; a stale token changes nothing.
import { and, count, eq, inArray, max, notInArray, sql } from 'drizzle-orm';
import { CalmError, canonicalJson, type StageResult } from '@calm-orch/core';
import { countRows, transaction, type Store } from '../database/database.ts';
import { appendEvent } from './event-store.ts';
import { isLiveRun } from '../liveness.ts';
import { forgetLedger } from './ledger-store.ts';
import { artifacts, attempts, items, runs, runStages, stageMetrics, stages, trialStages } from '../database/schema.ts';
import { findStage, getStage } from './stage-queries.ts';
import { workersAt, type RunWorker } from './worker-store.ts';
import type { ArtifactFile, AttemptRecord, AttemptStatus, PlannedStage, Status } from '../types.ts';

export * from './stage-queries.ts';

const unfinished: Status[] = ['queued', 'running'];

export function upsertStages(
  store: Store,
  runId: string,
  plan: readonly PlannedStage[] | (() => readonly PlannedStage[]),
): ReadonlySet<string> {
  const { db } = store;
  return transaction(store, () => {
    // Inside: nobody can complete a stage between the look for its artifact and its claim.
    const planned = typeof plan === 'function' ? plan() : plan;
    const keys = planned.map(({ key }) => key);
    db.delete(trialStages).where(eq(trialStages.runId, runId)).run();
    db.delete(runStages)
      .where(and(eq(runStages.runId, runId), notInArray(runStages.stageKey, keys)))
      .run();
    planned.forEach((stage, position) => upsertStage(store, runId, stage, position));
    countFinished(store, runId);
    return new Set(planned.filter(({ key, reuse }) => !reuse && isForeign(store, runId, key)).map(({ key }) => key));
  });
}

/** Whether another run has claimed the stage, and its coordinator or a worker that computes it lives. */
function isForeign(store: Store, runId: string, key: string): boolean {
  const claimedBy = findClaim(store, key);
  if (claimedBy === null || claimedBy === runId) return false;
  return isLiveRun(store, claimedBy) || workersAt(store, claimedBy, key).length > 0;
}

/** Workers that still compute a stage for a run whose coordinator is gone. */
export function strayWorkers(store: Store, key: string): RunWorker[] {
  const claimedBy = findClaim(store, key);
  return claimedBy === null || isLiveRun(store, claimedBy) ? [] : workersAt(store, claimedBy, key);
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
    const session = db.select({ session: runs.session }).from(runs).where(eq(runs.id, runId)).get()!.session;
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

function findClaim({ db }: Store, key: string): string | null {
  return db.select({ run: stages.claimedBy }).from(stages).where(eq(stages.key, key)).get()?.run ?? null;
}

/** Claims a stage another run has had: 'succeeded' when that run made it, 'foreign' while it is at it. */
export function claimStage(store: Store, runId: string, key: string): 'claimed' | 'foreign' | 'succeeded' {
  return transaction(store, () => {
    const stage = getStage(store, key);
    if (stage.status === 'succeeded') {
      reuseStage(store, runId, key);
      return 'succeeded';
    }
    if (isForeign(store, runId, key)) return 'foreign';
    for (const token of runningTokensOf(store, key)) endAttempt(store, token, 'lost', 'its run is gone');
    store.db.update(stages).set({ status: 'queued', error: null, claimedBy: runId }).where(eq(stages.key, key)).run();
    return 'claimed';
  });
}

/** Another run has made the stage meanwhile. */
function reuseStage(store: Store, runId: string, key: string): void {
  store.db
    .update(runStages)
    .set({ status: 'succeeded', execution: 'reused' })
    .where(and(eq(runStages.runId, runId), eq(runStages.stageKey, key)))
    .run();
  countFinished(store, runId);
  appendEvent(store, { runId, stageKey: key, type: 'stage reused', message: 'made by another run meanwhile' });
}

function runningTokensOf({ db }: Store, key: string): string[] {
  return db
    .select({ token: attempts.token })
    .from(attempts)
    .where(and(eq(attempts.stageKey, key), eq(attempts.status, 'running')))
    .all()
    .map(({ token }) => token);
}

function upsertStage(store: Store, runId: string, stage: PlannedStage, position: number): void {
  const { db } = store;
  const { key, kind, role, numItems, reuse } = stage;
  const before = findStage(store, key);
  if (reuse && before?.status !== 'succeeded') {
    throw new CalmError('internal', `stage ${kind} ${key} was planned for reuse but is ${before?.status ?? 'unknown'}`);
  }
  if (!before) {
    db.insert(stages)
      .values({
        key,
        kind,
        role,
        config: canonicalJson(stage.config),
        inputs: canonicalJson(stage.inputs),
        numItems,
        status: 'queued',
        firstRunId: runId,
        createdMs: store.clock(),
        claimedBy: runId,
      })
      .run();
  } else if (!reuse && !isForeign(store, runId, key)) {
    if (before.status === 'succeeded' || stage.restart) db.delete(items).where(eq(items.stageKey, key)).run();
    if (before.status === 'succeeded') forgetLedger(store, key);
    db.update(stages).set({ status: 'queued', error: null, claimedBy: runId }).where(eq(stages.key, key)).run();
  }
  const mine = and(eq(runStages.runId, runId), eq(runStages.stageKey, key));
  const seen = db.select().from(runStages).where(mine).get();
  const madeHere = seen?.status === 'succeeded' && seen.execution === 'executed';
  const execution = !reuse || madeHere ? ('executed' as const) : ('reused' as const);
  const status: Status = reuse ? 'succeeded' : 'queued';
  const times = reuse && seen ? {} : { startedMs: null, endedMs: null };
  db.insert(runStages)
    .values({ runId, stageKey: key, position, execution, status })
    .onConflictDoUpdate({
      target: [runStages.runId, runStages.stageKey],
      set: { position, execution, status, ...times },
    })
    .run();
  for (const { row, seed } of stage.trials) db.insert(trialStages).values({ runId, row, seed, stageKey: key }).run();
  if (!(reuse && seen?.status === 'succeeded')) {
    appendEvent(store, { runId, stageKey: key, type: reuse ? 'stage reused' : 'stage queued', message: kind });
  }
}

export interface AttemptOptions {
  /** A gang's members hold attempts at the same item at once. @default false */
  readonly joins?: boolean;
  readonly instance?: string | null;
  /** Bytes of the worker's log so far. */
  readonly logStart?: number | null;
}

export function startAttempt(
  store: Store,
  runId: string,
  stageKey: string,
  item: number,
  worker: string,
  { joins = false, instance = null, logStart = null }: AttemptOptions = {},
): AttemptRecord {
  const { db, clock } = store;
  return transaction(store, () => {
    const stage = getStage(store, stageKey);
    const ofItem = and(eq(attempts.stageKey, stageKey), eq(attempts.item, item));
    const done = db
      .select()
      .from(items)
      .where(and(eq(items.stageKey, stageKey), eq(items.item, item)))
      .get();
    const running = db
      .select()
      .from(attempts)
      .where(and(ofItem, eq(attempts.status, 'running')))
      .get();
    const why = !unfinished.includes(stage.status)
      ? `the stage is ${stage.status}`
      : item < 0 || item >= stage.numItems
        ? `the stage has ${stage.numItems} items`
        : done
          ? 'the item is finished'
          : running && !joins && `${running.worker} holds it`;
    if (why) throw new CalmError('lease_lost', `cannot lease item ${item} of stage ${stage.kind} ${stageKey}: ${why}`);
    const last = db
      .select({ attempt: max(attempts.attempt) })
      .from(attempts)
      .where(ofItem)
      .get();
    const session = db.select({ session: runs.session }).from(runs).where(eq(runs.id, runId)).get()!.session;
    const started = {
      token: store.newToken(),
      runId,
      stageKey,
      item,
      attempt: (last?.attempt ?? 0) + 1,
      worker,
      instance,
      status: 'running' as const,
      error: null,
      stack: null,
      startedMs: clock(),
      endedMs: null,
      logStart,
      logEnd: null,
    };
    db.insert(attempts)
      .values({ ...started, session })
      .run();
    if (stage.status === 'queued') {
      setStage(store, runId, stageKey, 'running', null);
      appendEvent(store, { runId, stageKey, type: 'stage started', message: stage.kind });
    }
    const { attempt } = started;
    appendEvent(store, { runId, stageKey, item, attempt, type: 'attempt started', message: worker });
    return started;
  });
}

export function finishItem(store: Store, token: string, result: StageResult): { readonly itemsLeft: number } {
  const { db } = store;
  return transaction(store, () => {
    const { stageKey, item } = endAttempt(store, token, 'succeeded', null);
    db.insert(items)
      .values({ stageKey, item, result: canonicalJson(result) })
      .run();
    return { itemsLeft: getStage(store, stageKey).numItems - countRows(store, items, eq(items.stageKey, stageKey)) };
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

/** Once it has ended. @param bytes Of the worker's log by then. */
export function endLog({ db }: Store, token: string, bytes: number): void {
  db.update(attempts).set({ logEnd: bytes }).where(eq(attempts.token, token)).run();
}

export function cancelAttempt(store: Store, token: string, reason: string): void {
  transaction(store, () => endAttempt(store, token, 'cancelled', reason));
}

export function succeedStage(
  store: Store,
  runId: string,
  key: string,
  result: StageResult,
  files: readonly ArtifactFile[],
): void {
  const { db } = store;
  transaction(store, () => {
    const stage = getStage(store, key);
    const finished = countRows(store, items, eq(items.stageKey, key));
    if (!unfinished.includes(stage.status) || finished < stage.numItems) {
      const state = `it is ${stage.status} with ${finished} of ${stage.numItems} items finished`;
      throw new CalmError('lease_lost', `stage ${stage.kind} ${key} cannot succeed: ${state}`);
    }
    const text = canonicalJson(result);
    if (stage.result && canonicalJson(stage.result) !== text) {
      const message = `made again, with another result: ${canonicalJson(stage.result)} before, ${text} now`;
      appendEvent(store, { runId, stageKey: key, type: 'note', message });
    }
    db.update(stages).set({ result: text }).where(eq(stages.key, key)).run();
    db.delete(stageMetrics).where(eq(stageMetrics.stageKey, key)).run();
    for (const [name, value] of Object.entries(result.metrics ?? {}))
      db.insert(stageMetrics).values({ stageKey: key, name, value }).run();
    db.delete(artifacts).where(eq(artifacts.stageKey, key)).run();
    for (const file of files)
      db.insert(artifacts)
        .values({ stageKey: key, ...file })
        .run();
    setStage(store, runId, key, 'succeeded', null);
    appendEvent(store, { runId, stageKey: key, type: 'stage succeeded', message: stage.kind });
  });
}

export function failStage(store: Store, runId: string, key: string, reason: string): void {
  transaction(store, () => {
    const stage = getStage(store, key);
    if (!unfinished.includes(stage.status)) {
      throw new CalmError('lease_lost', `stage ${stage.kind} ${key} cannot fail: it is ${stage.status}`);
    }
    for (const token of runningTokens(store, runId, [key])) endAttempt(store, token, 'cancelled', 'its stage failed');
    setStage(store, runId, key, 'failed', reason);
    appendEvent(store, { runId, stageKey: key, type: 'stage failed', message: reason });
  });
}

/** When a run ends or is found dead: its running attempts end as `status`, its unfinished stages are cancelled. */
export function releaseUnfinished(store: Store, runId: string, status: 'cancelled' | 'lost', reason: string): void {
  const open = store.db
    .select({ key: runStages.stageKey })
    .from(runStages)
    .where(and(eq(runStages.runId, runId), inArray(runStages.status, unfinished)))
    .all()
    .map(({ key }) => key);
  for (const token of runningTokens(store, runId, open)) endAttempt(store, token, status, reason);
  for (const key of open) {
    // What another run has claimed goes on there.
    if (findClaim(store, key) === runId) setStage(store, runId, key, 'cancelled', null);
    else setRunStage(store, runId, key, 'cancelled');
    appendEvent(store, { runId, stageKey: key, type: 'stage cancelled', message: reason });
  }
}

/** A stage and its run's view of it change together. Once it has ended another run may try it. */
function setStage(store: Store, runId: string, key: string, status: Status, error: string | null): void {
  const claim = unfinished.includes(status) ? {} : { claimedBy: null };
  store.db
    .update(stages)
    .set({ status, error, ...claim })
    .where(eq(stages.key, key))
    .run();
  setRunStage(store, runId, key, status);
}

function setRunStage(store: Store, runId: string, key: string, status: Status): void {
  const { db, clock } = store;
  const time = status === 'running' ? { startedMs: clock() } : { endedMs: clock() };
  db.update(runStages)
    .set({ status, ...time })
    .where(and(eq(runStages.runId, runId), eq(runStages.stageKey, key)))
    .run();
  if (status === 'succeeded') countFinished(store, runId);
}

/** What lists show of a run's progress. */
function countFinished({ db }: Store, runId: string): void {
  const ofRun = eq(runStages.runId, runId);
  const succeeded = sql`sum(${runStages.status} = 'succeeded')`;
  const isFinished = sql`${runStages.status} = 'succeeded'`;
  const finished = db
    .select({ row: trialStages.row })
    .from(trialStages)
    .innerJoin(runStages, and(eq(runStages.runId, trialStages.runId), eq(runStages.stageKey, trialStages.stageKey)))
    .where(eq(trialStages.runId, runId))
    .groupBy(trialStages.row, trialStages.seed)
    .having(sql`min(${isFinished})`);
  db.update(runs)
    .set({
      numStages: sql`(${db.select({ value: count() }).from(runStages).where(ofRun)})`,
      numFinishedStages: sql`(${db
        .select({ value: sql`coalesce(${succeeded}, 0)` })
        .from(runStages)
        .where(ofRun)})`,
      numFinishedTrials: finished.all().length,
    })
    .where(eq(runs.id, runId))
    .run();
}

const endEvents = {
  succeeded: 'item succeeded',
  failed: 'attempt failed',
  lost: 'attempt lost',
  cancelled: 'attempt cancelled',
} as const;

type AttemptRow = typeof attempts.$inferSelect;

/** Compares the token: only a running attempt ends, and only once. */
function endAttempt(
  store: Store,
  token: string,
  status: Exclude<AttemptStatus, 'running'>,
  error: string | null,
  { progressed = false, stack = null }: { readonly progressed?: boolean; readonly stack?: string | null } = {},
): AttemptRow {
  const ended = store.db
    .update(attempts)
    .set({ status, error, stack, progressed, endedMs: store.clock() })
    .where(and(eq(attempts.token, token), eq(attempts.status, 'running')))
    .returning()
    .get() as AttemptRow | undefined;
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

function runningTokens({ db }: Store, runId: string, keys: string[]): string[] {
  return db
    .select({ token: attempts.token })
    .from(attempts)
    .where(and(eq(attempts.runId, runId), inArray(attempts.stageKey, keys), eq(attempts.status, 'running')))
    .all()
    .map(({ token }) => token);
}

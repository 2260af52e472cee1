// Runs: one tracked execution of an experiment, under one living coordinator. Runs of one folder share its stages; each
// stage is claimed by one of them (stage-store.ts).
import { eq } from 'drizzle-orm';
import { CalmError, canonicalJson } from '@calm-orch/core';
import { configurationOf, isRehearsal } from '../configuration.ts';
import { countRows, transaction, type Store } from '../database/database.ts';
import { appendEvent } from './event-store.ts';
import { heartbeatTimeoutMs, isLive } from '../liveness.ts';
import { runConfigs, runs, trials } from '../database/schema.ts';
import { getRun, interruptedError, listRuns, rowOf, toRecord } from './run-queries.ts';
import { checkTags, tagsText } from './note-store.ts';
import { releaseUnfinished } from './stage-store.ts';
import { loseWorkers, livingWorkers } from './worker-store.ts';
import type { NewRun, RunRecord, ListedRun } from '../types.ts';

type RunRow = typeof runs.$inferSelect;

export function createRun(store: Store, run: NewRun): RunRecord {
  checkTags(run.tags ?? []);
  return transaction(store, () => {
    sweep(store);
    const id = newRunId(store, run.experiment);
    const now = store.clock();
    store.db
      .insert(runs)
      .values({
        id,
        experiment: run.experiment,
        title: run.title,
        path: run.path,
        hash: run.hash,
        pid: run.pid,
        isRehearsal: isRehearsal(run.resolved),
        tags: tagsText(run.tags ?? []),
        pidStarted: store.processStart(run.pid),
        host: store.host,
        place: store.place,
        status: 'running',
        startedMs: now,
        sessionStartedMs: now,
        heartbeatMs: now,
      })
      .run();
    store.db
      .insert(runConfigs)
      .values({
        runId: id,
        resolved: canonicalJson(run.resolved),
        versions: canonicalJson(run.versions),
        machine: canonicalJson(run.machine),
      })
      .run();
    insertTrials(store, id, run);
    appendEvent(store, { runId: id, type: 'run started', message: `${run.trials.length} trials` });
    return getRun(store, id);
  });
}

/** Its trials are replaced by those it has now, and what it resolves to. */
export function extendRun(
  store: Store,
  runId: string,
  { resolved, hash, trials: all }: Pick<NewRun, 'resolved' | 'hash' | 'trials'>,
): RunRecord {
  return transaction(store, () => {
    const before = rowOf(store, runId).numTrials;
    store.db.update(runs).set({ hash }).where(eq(runs.id, runId)).run();
    store.db
      .update(runConfigs)
      .set({ resolved: canonicalJson(resolved) })
      .where(eq(runConfigs.runId, runId))
      .run();
    store.db.delete(trials).where(eq(trials.runId, runId)).run();
    insertTrials(store, runId, { resolved, trials: all });
    appendEvent(store, { runId, type: 'note', message: `${all.length - before} more trials` });
    return getRun(store, runId);
  });
}

function insertTrials(
  { db }: Store,
  runId: string,
  { resolved, trials: all }: Pick<NewRun, 'resolved' | 'trials'>,
): void {
  const configurations = new Map<string, string>();
  for (const { row } of all) if (!configurations.has(row)) configurations.set(row, configurationOf(resolved, row));
  all.forEach(({ row, seed }, position) => {
    db.insert(trials)
      .values({ runId, position, row, seed, configuration: configurations.get(row)! })
      .run();
  });
  db.update(runs).set({ numTrials: all.length }).where(eq(runs.id, runId)).run();
}

/** The experiment's name, as far as it can name a folder, and the first number from its count of runs on that is free:
 *  names that differ in signs alone have runs of the same stem. */
function newRunId(store: Store, experiment: string): string {
  const words = experiment.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-');
  const stem = [...words.replace(/^[-.]+/, '')].slice(0, 60).join('') || 'run';
  for (let number = countRows(store, runs, eq(runs.experiment, experiment)) + 1; ; number++) {
    const id = `${stem}-${number}`;
    if (countRows(store, runs, eq(runs.id, id)) === 0) return id;
  }
}

export function resumeRun(
  store: Store,
  runId: string,
  { pid, keepAttempts = false }: { readonly pid: number; readonly keepAttempts?: boolean },
): RunRecord {
  return transaction(store, () => {
    sweep(store);
    const row = rowOf(store, runId);
    if (row.status === 'running') {
      if (isLive(store, row)) throw busy(toRecord(store, row));
      // Its workers outlived its coordinator.
      if (!keepAttempts) interrupt(store, row);
    }
    loseWorkers(store, row);
    const { session } = row;
    const now = store.clock();
    store.db
      .update(runs)
      .set({ status: 'running', error: null, interrupted: false, endedMs: null })
      .where(eq(runs.id, runId))
      .run();
    store.db
      .update(runs)
      .set({
        session: session + 1,
        sessionStartedMs: now,
        heartbeatMs: now,
        pid,
        pidStarted: store.processStart(pid),
        host: store.host,
        place: store.place,
      })
      .where(eq(runs.id, runId))
      .run();
    appendEvent(store, { runId, type: 'run resumed', message: `session ${session + 1}` });
    return getRun(store, runId);
  });
}

export function endRun(
  store: Store,
  runId: string,
  status: 'succeeded' | 'failed' | 'cancelled',
  { error }: { readonly error?: string } = {},
): void {
  transaction(store, () => {
    releaseUnfinished(store, runId, 'cancelled', `the run ended: ${status}`);
    store.db
      .update(runs)
      .set({ status, error: error ?? null, interrupted: false, endedMs: store.clock() })
      .where(eq(runs.id, runId))
      .run();
    appendEvent(store, { runId, type: 'run ended', message: error ? `${status}: ${error}` : status });
  });
}

/** The run is in no list any more. Throws `busy` while its coordinator or workers live. */
export function removeRun(store: Store, runId: string): void {
  transaction(store, () => {
    sweep(store);
    const run = getRun(store, runId);
    if (run.status === 'running') throw busy(run);
    if (livingWorkers(store, runId).length > 0)
      throw new CalmError(
        'busy',
        `workers of run ${runId} wait for \`calm-orch resume ${runId}\`: a minute later they are gone`,
      );
    store.db.update(runs).set({ removedMs: store.clock() }).where(eq(runs.id, runId)).run();
  });
}

export function heartbeatRun({ db, clock }: Store, runId: string): void {
  db.update(runs).set({ heartbeatMs: clock() }).where(eq(runs.id, runId)).run();
}

export function findResumableRun(store: Store, runId?: string): RunRecord | null {
  const unfinished = listRuns(store).filter(({ status }) => status !== 'succeeded');
  if (runId !== undefined) rowOf(store, runId);
  const run = runId === undefined ? unfinished[0] : unfinished.find(({ id }) => id === runId);
  if (run?.status !== 'running') return run === undefined ? null : getRun(store, run.id);
  const other = runId === undefined ? unfinished.find(({ status }) => status !== 'running') : undefined;
  throw busy(run, other && `\`calm-orch resume ${other.id}\` goes on with the newest that is not`);
}

/** Marks runs that nobody works for any more as interrupted, durably. While workers wait the run can be taken over. */
function sweep(store: Store): void {
  for (const row of store.db.select().from(runs).where(eq(runs.status, 'running')).all())
    if (!isLive(store, row) && livingWorkers(store, row.id).length === 0) interrupt(store, row);
}

function interrupt(store: Store, row: RunRow): void {
  const { id: runId, heartbeatMs } = row;
  loseWorkers(store, row);
  releaseUnfinished(store, runId, 'lost', 'the coordinator was gone');
  store.db
    .update(runs)
    .set({ status: 'failed', interrupted: true, error: interruptedError, endedMs: heartbeatMs })
    .where(eq(runs.id, runId))
    .run();
  appendEvent(store, {
    runId,
    type: 'run interrupted',
    message: `last heard of at ${new Date(heartbeatMs).toISOString()}`,
  });
}

function busy({ id, pid, host, heard }: ListedRun, more?: string): CalmError {
  const where = `${host} (process ${pid}), heard of ${howLongAgo(heard!.agoMs)}`;
  const patience = `should ${host} be down, \`resume\` goes on once nothing was heard for ${heartbeatTimeoutMs / 1000} s`;
  const remedy = heard!.isElsewhere
    ? `wait for it, or end it there; ${patience}`
    : `wait for it, or end it with \`kill ${pid}\``;
  return new CalmError('busy', `run ${id} is at work on ${where}: ${remedy}${more === undefined ? '' : `; ${more}`}`);
}

/** Clocks of two machines may differ. */
function howLongAgo(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  return ms < -heartbeatTimeoutMs
    ? `just now (by its clock ${seconds} s from now)`
    : `${Math.max(0, Math.round(ms / 1000))} s ago`;
}

// Opens the tracker: one SQLite database per run folder, written by coordinators and by imports, read by anyone.
// Every method is one transaction; a database that is busy, unwritable or not ours becomes a CalmError.
import { existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  processPlace,
  processStart as startOf,
  type StageResult,
  type StateDigest,
  type WorkerFacts,
} from '@calm-orch/core';
import { openDatabase, together, transaction, type Access, type Settled, type Store } from './database/database.ts';
import { guarded } from './database/sqlite-errors.ts';
import * as attempts from './stores/attempt-store.ts';
import * as events from './stores/event-store.ts';
import * as joining from './stores/guest-store.ts';
import type { Guest, JoinTokenRecord, NewJoinToken, Redemption } from './stores/guest-store.ts';
import { holding, holdingAll, holdingAttempt } from './holding.ts';
import * as imported from './stores/import-store.ts';
import * as ledger from './stores/ledger-store.ts';
import type { LedgerRow, RosterMember, RosterRecord, Told, ToldLineage } from './stores/ledger-store.ts';
import * as links from './stores/state-link-store.ts';
import type { StateLink } from './stores/state-link-store.ts';
import { metricBand, type BandPoint } from './stores/metric-band.ts';
import * as curves from './stores/metric-curve.ts';
import * as metrics from './stores/metric-store.ts';
import * as stream from './stores/metric-stream.ts';
import * as notes from './stores/note-store.ts';
import * as queries from './stores/run-queries.ts';
import * as runs from './stores/run-store.ts';
import * as load from './stores/load-store.ts';
import * as reading from './stores/stage-queries.ts';
import * as stages from './stores/stage-store.ts';
import { groupTrials, metricNames, type GroupQuery, type TrialGroup } from './stores/trial-groups.ts';
import * as workers from './stores/worker-store.ts';
import type { NewWorker, RunWorker, WorkerEnd, WorkerRecord } from './stores/worker-store.ts';
import { listTrials } from './trials.ts';
import type {
  ArtifactFile,
  AttemptRecord,
  EventRecord,
  ImportRecord,
  MachineLoad,
  MetricReport,
  MetricCurve,
  MetricPoint,
  ReplacedMetrics,
  NewRun,
  NoteRecord,
  PlannedStage,
  RunRecord,
  RunStageRecord,
  ListedRun,
  StageRecord,
  TrialRecord,
} from './types.ts';

export const databaseFile = 'calm-orch.db';

export interface TrackerOptions {
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number;
  /** Makes lease tokens. @default randomUUID */
  readonly newToken?: () => string;
  /** @default os.hostname() */
  readonly host?: string;
  /** Boot and PID namespace. @default processPlace */
  readonly place?: string;
  /** When a process of this place started; null: it is gone. @default processStart */
  readonly processStart?: (pid: number) => string | null;
  /** `write`: a folder without a database is an error instead of being given one. `read`: so it is, and nothing is
   *  written; a database of an older version is read through a migrated copy. @default create */
  readonly access?: Access;
  /** How long a call waits for another process's write before it throws `busy`. @default 5000 */
  readonly busyTimeoutMs?: number;
}

/** For reading alone take `list…`, `find…`, `get…`, `group…`, `trialMetrics`, `metric…`, `events…` (docs/tracker.md). */
export interface Tracker {
  readonly path: string;

  // Whatever changes a run, its stages or attempts is for the process that created or resumed it last: for others, and
  // once the run has ended, it throws `superseded` and changes nothing.

  // runs
  /** Starts a run. Runs whose coordinator is gone are marked interrupted first. */
  createRun(run: NewRun): RunRecord;
  /** Takes up a run again under a new coordinator (session + 1); its lost attempts and stages are queued again. With
   *  `keepAttempts` those of workers that outlived the coordinator before stay as they are, for `keepAttempts` to decide.
   *  Throws `not_found`, or `busy` while its coordinator lives. */
  resumeRun(runId: string, coordinator: { readonly pid: number; readonly keepAttempts?: boolean }): RunRecord;
  /** Adds trials to a run under way, and what it resolves to now; its stages are upserted next. */
  extendRun(runId: string, more: Pick<NewRun, 'resolved' | 'hash' | 'trials'>): RunRecord;
  /** Ends a run; its unfinished stages and attempts become cancelled. */
  endRun(runId: string, status: 'succeeded' | 'failed' | 'cancelled', options?: { readonly error?: string }): void;
  /** Takes an ended run out of every list; its stages stay for others to reuse. Throws `not_found`, `busy` while it is at work. */
  removeRun(runId: string): void;
  /** What people call it: the tags it has then. Throws `invalid_argument`, `not_found`. */
  changeTags(
    runId: string,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): string[];
  /** What somebody says of it. Throws `invalid_argument`, `not_found`. */
  addNote(runId: string, text: string): void;
  /** Oldest first. */
  listNotes(runId: string): NoteRecord[];
  /** At least every 10 s. */
  heartbeatRun(runId: string): void;
  /** Newest first. */
  listRuns(): ListedRun[];
  /** A page of them, and how many there are on all pages. Throws `invalid_argument`. */
  findRuns(query?: queries.RunQuery): { readonly runs: ListedRun[]; readonly total: number };
  /** By run, in order of plan. */
  listTrials(runs: readonly ListedRun[]): ReadonlyMap<string, readonly TrialRecord[]>;
  /** Over all runs: trials that differ in their seed alone, and a metric over these. Throws `invalid_argument`. */
  groupTrials(query: GroupQuery): { readonly groups: TrialGroup[]; readonly total: number };
  /** Names of the numbers that stages of any run have left, sorted. */
  metricNames(): string[];
  /** Throws `not_found`, naming the runs there are. */
  getRun(runId: string): RunRecord;
  /** By run id, else the newest run of an experiment of that name, else (no name) the one started or resumed last. */
  findRun(name?: string): RunRecord;
  /** The given run, or the newest that has not succeeded; null when there is none to go on with (a given run that has
   *  succeeded: null). Throws `not_found`, or `busy` if it is at work. */
  findResumableRun(runId?: string): RunRecord | null;

  // stages and attempts
  /** Records a run's plan, in the order given, in one transaction; again after a resume. Stages with `reuse` are
   *  succeeded; all others are queued, keeping their finished items unless the stage had succeeded before, and claimed
   *  for this run. Returns the keys of those that another living run has claimed. */
  upsertStages(runId: string, planned: readonly PlannedStage[] | (() => readonly PlannedStage[])): ReadonlySet<string>;
  /** Claims a stage another run was executing, once that run is gone or has given it up; `succeeded` when it made it. */
  claimStage(runId: string, key: string): 'claimed' | 'foreign' | 'succeeded';
  /** Workers of a run whose coordinator is gone that still compute the stage: nobody can claim it before they end. */
  strayWorkers(key: string): RunWorker[];
  /** After a takeover: attempts at these stages held by these instances go on, all others of the run are lost. */
  keepAttempts(runId: string, keys: ReadonlySet<string>, instances: ReadonlySet<string>): AttemptRecord[];
  findStage(key: string): StageRecord | null;
  /** The stage if it has succeeded (its artifact may have been deleted since: look before reusing), else null. */
  findSucceededStage(key: string): (StageRecord & { readonly artifacts: readonly ArtifactFile[] }) | null;
  /** Items still to do, ascending. */
  unfinishedItems(key: string): number[];
  /** Results of finished items in order of item. */
  itemResults(key: string): { readonly item: number; readonly result: StageResult }[];
  /** Leases one item; the first attempt sets the stage running. Throws `lease_lost` if it is finished or leased. */
  startAttempt(
    runId: string,
    stageKey: string,
    item: number,
    worker: string,
    options?: attempts.AttemptOptions,
  ): AttemptRecord;
  /** Throws `lease_lost` if the attempt is no longer running (as all calls with a token do). `adopt`: what else makes the
   *  result count, done once that is known and before anybody else can write; where it throws, the attempt goes on. */
  finishItem(token: string, result: StageResult, adopt?: () => void): void;
  /** The item's own code raised, at `stack`: `failures` counts the item's failures in this session of the run. */
  failAttempt(token: string, error: string, stack?: string): { readonly failures: number };
  /** The worker died, hung or was cut off. `lostInARow` counts the last attempts of this session lost without
   *  progress (a later step or a checkpoint). */
  loseAttempt(
    token: string,
    reason: string,
    options?: { readonly progressed?: boolean; readonly stack?: string },
  ): { readonly lostInARow: number };
  cancelAttempt(token: string, reason: string): void;
  /** Once the attempt has ended: bytes of its worker's log. */
  endLog(token: string, bytes: number): void;
  /** After the artifact is complete on disk; all items must be finished. */
  succeedStage(runId: string, key: string, result: StageResult, files: readonly ArtifactFile[]): void;
  failStage(runId: string, key: string, reason: string): void;
  /** In order of plan. */
  listRunStages(runId: string): RunStageRecord[];
  listAttempts(runId: string, stageKey?: string): AttemptRecord[];
  listArtifacts(stageKey: string): ArtifactFile[];

  // workers
  /** Once its process is started. */
  recordWorker(runId: string, worker: NewWorker): void;
  /** Once it has registered: what it says of itself. */
  registerWorker(runId: string, instance: string, facts: WorkerFacts): void;
  endWorker(runId: string, instance: string, end: WorkerEnd): void;
  /** Those that live, where they can be looked at from here. */
  livingWorkers(runId: string): RunWorker[];
  /** All there have been, with their ends, in order of their start. */
  listWorkers(runId: string): WorkerRecord[];

  // workers of other hosts
  createJoinToken(runId: string, token: NewJoinToken): { readonly id: string; readonly secret: string };
  /** Of a run or of all, newest first. */
  listJoinTokens(runId?: string): JoinTokenRecord[];
  /** Whoever has joined with it may no longer take part. Throws `not_found`. */
  revokeJoinToken(id: string): void;
  /** Nobody joins for a place any more, and who has may no longer take part. */
  revokeSeats(runId: string): void;
  /** A guest of the run, or why not. */
  redeemJoinToken(redemption: Redemption): Guest | { readonly refused: string };
  /** Once it has registered: a process of another host. */
  recordGuest(runId: string, guest: NewWorker & { readonly host: string }): void;
  /** Whether a guest may still take part. */
  isWelcome(runId: string, instance: string): boolean;
  /** Workers of the run whose join token was revoked, by name. */
  revokedGuests(runId: string): string[];
  /** The one place, among the workers of its role, that a guest joined for; null: for none. */
  seatOf(runId: string, instance: string): number | null;

  // the machine
  /** The second that readings go on with. */
  nextSecond(runId: string): number;
  /** Of one second; kept where `isLoadKept` says so. */
  recordLoad(runId: string, second: number, reading: MachineLoad): void;
  /** Oldest first, at most 3,600. */
  listLoad(runId: string): (MachineLoad & { readonly atMs: number })[];

  // metrics
  /** One transaction, in which `replaced` is forgotten before; a point written twice keeps the later value. */
  logMetrics(points: readonly MetricPoint[], replaced?: ReplacedMetrics): void;
  listMetrics(stageKey: string): MetricCurve[];
  /** Which curves the run's stages have. */
  listCurves(runId: string): curves.CurveRange[];
  /** A curve in at most 2,400 points. Throws `invalid_argument`. */
  metricCurve(stageKey: string, name: string, query?: curves.CurveQuery): curves.ThinnedCurve;
  /** Mean, least and greatest value over stages, in at most 800 points. Throws `invalid_argument`. */
  metricBand(stageKeys: readonly string[], name: string, query?: curves.CurveQuery): BandPoint[];
  /** What was recorded for the run's stages after a report, 0: all. Whoever has shown a run goes on with `cursors`, asked before. */
  metricsAfter(runId: string, report: number, options?: { readonly limit?: number }): MetricReport[];
  /** All points of a run's stages, or of some of these, in parts; may be given up at any time. */
  exportMetrics(runId: string, stageKeys?: ReadonlySet<string>): Generator<stream.ExportedPoint[]>;
  /** The numbers of one run's evaluation stages. */
  trialMetrics(
    runId: string,
  ): { readonly row: string; readonly seed: number; readonly name: string; readonly value: number | null }[];

  // ledger
  /** 0 before the first roster of a stage. */
  lastGeneration(stageKey: string): number;
  /** Its members by rank. */
  lastRoster(stageKey: string): readonly Required<RosterMember>[];
  /** All there have been. */
  listRosters(stageKey: string): RosterRecord[];
  recordRoster(stageKey: string, generation: number, members: readonly RosterMember[]): void;
  /** What a report of an attempt tells of its weights; the same report again changes nothing. Throws `invalid_argument`
   *  where steps do not go on where those before have ended. */
  recordApplied(
    stageKey: string,
    report: { readonly attempt: number; readonly sequence: number },
    told: readonly Told[],
  ): void;
  /** Of the stage's final weights; null where no attempt has told it (or an earlier version has trained the stage). */
  findLineage(stageKey: string): ToldLineage | null;
  /** In order of steps, then shards. */
  listLedger(stageKey: string): LedgerRow[];
  /** What the chain of the stage's digests does not have yet is appended. */
  recordDigests(stageKey: string, attempt: number, digests: readonly StateDigest[]): void;
  /** In their order. */
  listStateLinks(stageKey: string): StateLink[];

  // other people's outputs
  /** Replaces what was imported before under the same name for the same table and kind. */
  recordImport(record: ImportRecord): void;
  /** Of an experiment, by table, name and kind. */
  listImports(experiment: string): ImportRecord[];
  /** From all tables of the experiment; how many rows went. */
  removeImports(experiment: string, name: string): number;

  // events
  note(runId: string, message: string, stageKey?: string): void;
  /** What was noted of a stage in a run, oldest first. */
  stageNotes(runId: string, stageKey: string): string[];
  /** The last `limit`, oldest first. @default 50 */
  listEvents(runId: string, limit?: number): EventRecord[];
  /** Events after the one of id `cursor`, 0: all; oldest first, at most `limit`, 1000 by default. */
  eventsAfter(cursor: number, options?: { readonly runId?: string; readonly limit?: number }): EventRecord[];
  /** The newest event's id and the newest report's of metrics, 0 where there is none. */
  cursors(): { readonly event: number; readonly report: number };

  /** Another text once a run, a stage or what was imported has changed: what was read before may be another now. */
  changes(): string;

  /** While `work` runs nothing is planned, claimed or recorded by anybody else. Must be short. */
  exclusively<T>(work: () => T): T;
  /**
   * Several such works in one commit. What one throws undoes that one alone, and is in its place; what the commit throws
   * undoes all, and is thrown.
   */
  together<T>(works: readonly (() => T)[]): Settled<T>[];
  /** Whether it reads a copy of a database that has been written to since: open it again to see what was written. */
  isStale(): boolean;
  close(): void;
}

/** Whether a run folder has a tracker. */
export function hasTracker(dir: string): boolean {
  return existsSync(join(dir, databaseFile));
}

/** Those of one time lie together in the database: what is written together is found together. */
const orderedToken = (): string => `${Date.now().toString(36)}-${randomUUID()}`;

/** Opens the database of run folder `dir`, and migrates it unless it is only read. */
export function openTracker(dir: string, options: TrackerOptions = {}): Tracker {
  const { clock = Date.now, newToken = orderedToken, host = hostname(), processStart = startOf } = options;
  const { place = processPlace() } = options;
  const { access = 'create', busyTimeoutMs = 5000 } = options;
  const path = join(dir, databaseFile);
  const { sqlite, db, isStale, close } = openDatabase(path, { access, busyTimeoutMs });
  const store: Store = { sqlite, db, clock, newToken, host, place, processStart, held: new Map() };
  const hold = (run: RunRecord): RunRecord => {
    store.held.set(run.id, run.session);
    return run;
  };
  const api: Omit<Tracker, 'path'> = {
    createRun: (run) => hold(runs.createRun(store, run)),
    resumeRun: (runId, coordinator) => hold(runs.resumeRun(store, runId, coordinator)),
    extendRun: (runId, more) => holding(store, runId, () => runs.extendRun(store, runId, more)),
    endRun: (runId, status, more) => {
      holding(store, runId, () => runs.endRun(store, runId, status, more));
      store.held.delete(runId);
    },
    removeRun: (runId) => runs.removeRun(store, runId),
    changeTags: (runId, change) => notes.changeTags(store, runId, change),
    addNote: (runId, text) => notes.addNote(store, runId, text),
    listNotes: (runId) => notes.listNotes(store, runId),
    heartbeatRun: (runId) => holding(store, runId, () => runs.heartbeatRun(store, runId)),
    listRuns: () => queries.listRuns(store),
    findRuns: (query) => queries.findRuns(store, query),
    listTrials: (some) => listTrials(store, some),
    groupTrials: (query) => groupTrials(store, query),
    metricNames: () => metricNames(store),
    getRun: (runId) => queries.getRun(store, runId),
    findRun: (name) => queries.findRun(store, name),
    findResumableRun: (runId) => runs.findResumableRun(store, runId),
    upsertStages: (runId, planned) => holding(store, runId, () => stages.upsertStages(store, runId, planned)),
    claimStage: (runId, key) => holding(store, runId, () => stages.claimStage(store, runId, key)),
    strayWorkers: (key) => stages.strayWorkers(store, key),
    keepAttempts: (runId, keys, instances) =>
      holding(store, runId, () => attempts.keepAttempts(store, runId, keys, instances)),
    findStage: (key) => reading.findStage(store, key),
    findSucceededStage: (key) => reading.findSucceededStage(store, key),
    unfinishedItems: (key) => reading.unfinishedItems(store, key),
    itemResults: (key) => reading.itemResults(store, key),
    startAttempt: (runId, key, item, worker, options) =>
      holding(store, runId, () => attempts.startAttempt(store, runId, key, item, worker, options)),
    finishItem: (token, result, adopt) =>
      holdingAttempt(store, token, () => attempts.finishItem(store, token, result, adopt)),
    failAttempt: (token, error, stack) =>
      holdingAttempt(store, token, () => attempts.failAttempt(store, token, error, stack)),
    loseAttempt: (token, reason, more) =>
      holdingAttempt(store, token, () => attempts.loseAttempt(store, token, reason, more)),
    cancelAttempt: (token, reason) => holdingAttempt(store, token, () => attempts.cancelAttempt(store, token, reason)),
    endLog: (token, bytes) => holdingAttempt(store, token, () => attempts.endLog(store, token, bytes)),
    succeedStage: (runId, key, result, files) =>
      holding(store, runId, () => stages.succeedStage(store, runId, key, result, files)),
    failStage: (runId, key, reason) => holding(store, runId, () => stages.failStage(store, runId, key, reason)),
    listRunStages: (runId) => reading.listRunStages(store, runId),
    listAttempts: (runId, key) => reading.listAttempts(store, runId, key),
    listArtifacts: (key) => reading.listArtifacts(store, key),
    recordWorker: (runId, worker) => holding(store, runId, () => workers.recordWorker(store, runId, worker)),
    registerWorker: (runId, instance, facts) =>
      holding(store, runId, () => workers.registerWorker(store, runId, instance, facts)),
    endWorker: (runId, instance, end) => holding(store, runId, () => workers.endWorker(store, runId, instance, end)),
    livingWorkers: (runId) => workers.livingWorkers(store, runId),
    listWorkers: (runId) => workers.listWorkers(store, runId),
    createJoinToken: (runId, token) => joining.createJoinToken(store, runId, token),
    listJoinTokens: (runId) => joining.listJoinTokens(store, runId),
    revokeJoinToken: (id) => joining.revokeJoinToken(store, id),
    revokeSeats: (runId) => joining.revokeSeats(store, runId),
    redeemJoinToken: (redemption) => holding(store, redemption.runId, () => joining.redeemJoinToken(store, redemption)),
    recordGuest: (runId, guest) => holding(store, runId, () => workers.recordGuest(store, runId, guest)),
    isWelcome: (runId, instance) => joining.isWelcome(store, runId, instance),
    revokedGuests: (runId) => joining.revokedGuests(store, runId),
    seatOf: (runId, instance) => joining.seatOf(store, runId, instance),
    nextSecond: (runId) => load.nextSecond(store, runId),
    recordLoad: (runId, second, reading) => holding(store, runId, () => load.recordLoad(store, runId, second, reading)),
    listLoad: (runId) => load.listLoad(store, runId),
    logMetrics: (points, replaced) => holdingAll(store, () => metrics.logMetrics(store, points, replaced)),
    listMetrics: (key) => metrics.listMetrics(store, key),
    listCurves: (runId) => curves.listCurves(store, runId),
    metricCurve: (stageKey, name, query) => curves.thinnedCurve(store, stageKey, name, query),
    metricBand: (stageKeys, name, query) => metricBand(store, stageKeys, name, query),
    metricsAfter: (runId, report, options) => stream.metricsAfter(store, runId, report, options),
    exportMetrics: (runId, stageKeys) => stream.exportMetrics(store, runId, stageKeys),
    trialMetrics: (runId) => metrics.trialMetrics(store, runId),
    lastGeneration: (stageKey) => ledger.lastGeneration(store, stageKey),
    lastRoster: (stageKey) => ledger.lastRoster(store, stageKey),
    listRosters: (stageKey) => ledger.listRosters(store, stageKey),
    recordRoster: (stageKey, generation, members) =>
      holdingAll(store, () => ledger.recordRoster(store, stageKey, generation, members)),
    recordApplied: (stageKey, report, told) =>
      holdingAll(store, () => ledger.recordApplied(store, stageKey, report, told)),
    findLineage: (stageKey) => ledger.findLineage(store, stageKey),
    listLedger: (stageKey) => ledger.listLedger(store, stageKey),
    recordDigests: (stageKey, attempt, digests) =>
      holdingAll(store, () => links.recordDigests(store, stageKey, attempt, digests)),
    listStateLinks: (stageKey) => links.listStateLinks(store, stageKey),
    recordImport: (record) => imported.recordImport(store, record),
    listImports: (experiment) => imported.listImports(store, experiment),
    removeImports: (experiment, name) => imported.removeImports(store, experiment, name),
    note: (runId, message, stageKey) =>
      holding(store, runId, () => events.appendEvent(store, { runId, type: 'note', message, stageKey })),
    stageNotes: (runId, stageKey) => events.stageNotes(store, runId, stageKey),
    listEvents: (runId, limit) => events.listEvents(store, runId, limit),
    eventsAfter: (cursor, options) => events.eventsAfter(store, cursor, options),
    cursors: () => ({ event: events.lastEvent(store), report: stream.lastReport(store) }),
    changes: () => events.changesText(store),
    exclusively: (work) => transaction(store, work),
    together: (works) => together(store, works),
    isStale,
    close,
  };
  return { path, ...guarded(path, api) };
}

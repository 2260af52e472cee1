// Reading runs: rows become what is shown. A list reads the runs' own rows, whose columns hold all that it shows.
import { and, asc, count, desc, eq, inArray, isNull, not, or, sql, type SQL } from 'drizzle-orm';
import { CalmError, type Json, type Status } from '@calm-orch/core';
import type { Store } from '../database/database.ts';
import { isHere, isLive } from '../liveness.ts';
import { runConfigs, runs } from '../database/schema.ts';
import { listTrials } from '../trials.ts';
import type { RunRecord, ListedRun } from '../types.ts';
import { checkPage, type Page } from './page.ts';

type RunRow = typeof runs.$inferSelect;

export const runSorts = ['started', 'id', 'experiment', 'status', 'duration', 'trials'] as const;

export interface RunQuery extends Page {
  /** As shown; interrupted ones count as failed, too. @default all */
  readonly status?: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  /** Words that all stand in the run's id, experiment, title, error or tags, in any case of ASCII letters. @default all */
  readonly text?: string;
  /** Only runs that have all of these. @default all */
  readonly tags?: readonly string[];
  /** @default started */
  readonly sort?: (typeof runSorts)[number];
  /** @default true: the newest, the longest first */
  readonly descending?: boolean;
}

export const interruptedError = 'interrupted: the coordinator ended without a word';

/** One page, and how many there are on all. @throws CalmError `invalid_argument` for a page there cannot be. */
export function findRuns(store: Store, query: RunQuery = {}): { runs: ListedRun[]; total: number } {
  const { status, text = '', tags = [], sort = 'started', descending = true } = query;
  const { limit, offset } = checkPage(query);
  const gone = goneRuns(store);
  const isGone = gone.length === 0 ? sql`0` : inArray(runs.id, gone);
  const words = text.split(/\s+/).filter((word) => word !== '');
  const where = and(isListed, status && hasStatus(status, isGone), ...words.map(hasWord), ...tags.map(hasTag));
  const shown = sql`CASE WHEN ${isGone} THEN 'failed' ELSE ${runs.status} END`;
  const endedMs = sql`CASE WHEN ${isGone} THEN ${runs.heartbeatMs} ELSE coalesce(${runs.endedMs}, ${store.clock()}) END`;
  const order: Record<(typeof runSorts)[number], SQL> = {
    started: sql`${runs.sequence}`,
    id: sql`${runs.id}`,
    experiment: sql`${runs.experiment}`,
    status: shown,
    duration: sql`${endedMs} - ${runs.startedMs}`,
    trials: sql`${runs.numTrials}`,
  };
  const page = store.db
    .select(listedColumns)
    .from(runs)
    .where(where)
    .orderBy(descending ? desc(order[sort]) : asc(order[sort]), desc(runs.sequence))
    .limit(limit)
    .offset(offset)
    .toSQL();
  const rows = store.sqlite
    .prepare(page.sql)
    .raw()
    .iterate(...page.params) as IterableIterator<ListedValues>;
  const total = store.db.select({ value: count() }).from(runs).where(where).get()!.value;
  return { runs: Array.from(rows, (values) => toListed(store, listedRow(values))), total };
}

/** Newest first. */
export function listRuns(store: Store): ListedRun[] {
  return listed(store)
    .orderBy(desc(runs.sequence))
    .all()
    .map((row) => toListed(store, row));
}

export function getRun(store: Store, runId: string): RunRecord {
  return toRecord(store, rowOf(store, runId));
}

export function findRun(store: Store, name?: string): RunRecord {
  if (name !== undefined) {
    const byId = listed(store, eq(runs.id, name)).get();
    const newest = byId ?? listed(store, eq(runs.experiment, name)).orderBy(desc(runs.sequence)).get();
    return newest ? toRecord(store, newest) : getRun(store, name);
  }
  const last = listed(store).orderBy(desc(runs.sessionStartedMs), desc(runs.sequence)).limit(1).get();
  if (!last)
    throw new CalmError('not_found', 'no runs yet: start one with `calm-orch run experiments/ablation-mfam.yaml`');
  return toRecord(store, last);
}

/** Throws `not_found`, naming the runs there are. */
export function rowOf({ db }: Store, runId: string): RunRow {
  const row = db.select().from(runs).where(eq(runs.id, runId)).get();
  if (row && row.removedMs === null) return row;
  const known = db.select({ id: runs.id }).from(runs).where(isListed).orderBy(desc(runs.sequence)).limit(5).all();
  const list =
    known.length === 0 ? 'there are no runs yet' : `the newest runs are ${known.map(({ id }) => id).join(', ')}`;
  throw new CalmError('not_found', `no run or experiment \`${runId}\`: ${list} (\`calm-orch runs\` lists all)`);
}

export function toRecord(store: Store, row: RunRow): RunRecord {
  const shown = toListed(store, row);
  const config = store.db.select().from(runConfigs).where(eq(runConfigs.runId, row.id)).get()!;
  const parse = (text: string): Json => JSON.parse(text) as Json;
  return {
    ...shown,
    resolved: parse(config.resolved),
    versions: parse(config.versions),
    machine: parse(config.machine),
    trials: listTrials(store, [shown]).get(row.id) ?? [],
  };
}

const isListed = isNull(runs.removedMs);

function listed({ db }: Store, where?: SQL) {
  return db.select().from(runs).where(and(isListed, where));
}

/** Ids of runs recorded as running that nobody works for. */
function goneRuns(store: Store): string[] {
  const running = store.db.select().from(runs).where(eq(runs.status, 'running')).all();
  return running.filter((row) => !isLive(store, row)).map(({ id }) => id);
}

function hasStatus(status: Status | 'interrupted', isGone: SQL): SQL | undefined {
  switch (status) {
    case 'interrupted':
      return or(isGone, eq(runs.interrupted, true));
    case 'failed':
      return or(isGone, eq(runs.status, 'failed'));
    default:
      return and(not(isGone), eq(runs.status, status));
  }
}

function hasWord(word: string): SQL {
  const pattern = `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`;
  const all = sql`${runs.id} || ' ' || ${runs.experiment} || ' ' || ${runs.title} || ' ' || coalesce(${runs.error}, '') || ' ' || ${runs.tags}`;
  return sql`${all} LIKE ${pattern} ESCAPE '\\'`;
}

const hasTag = (tag: string): SQL => sql`EXISTS (SELECT 1 FROM json_each(${runs.tags}) WHERE value = ${tag})`;

/** In the order of `listedRow`. */
const listedColumns = {
  ...{ id: runs.id, experiment: runs.experiment, title: runs.title, path: runs.path, hash: runs.hash },
  ...{
    status: runs.status,
    error: runs.error,
    interrupted: runs.interrupted,
    isRehearsal: runs.isRehearsal,
    tags: runs.tags,
  },
  ...{ host: runs.host, place: runs.place, pid: runs.pid, pidStarted: runs.pidStarted, session: runs.session },
  ...{ startedMs: runs.startedMs, heartbeatMs: runs.heartbeatMs, endedMs: runs.endedMs },
  ...{ numTrials: runs.numTrials, numFinishedTrials: runs.numFinishedTrials },
  ...{ numStages: runs.numStages, numFinishedStages: runs.numFinishedStages },
};

type ListedRow = Pick<RunRow, keyof typeof listedColumns>;
/** As SQLite has them. */
// prettier-ignore
type ListedValues = [
  id: string, experiment: string, title: string, path: string, hash: string,
  status: Status, error: string | null, interrupted: 0 | 1, isRehearsal: 0 | 1, tags: string,
  host: string, place: string | null, pid: number, pidStarted: string | null, session: number,
  startedMs: number, heartbeatMs: number, endedMs: number | null,
  numTrials: number, numFinishedTrials: number, numStages: number, numFinishedStages: number,
];

/** Of ten thousand runs drizzle would make objects for longer than SQLite reads them. */
// prettier-ignore
function listedRow([
  id, experiment, title, path, hash,
  status, error, interrupted, isRehearsal, tags,
  host, place, pid, pidStarted, session,
  startedMs, heartbeatMs, endedMs,
  numTrials, numFinishedTrials, numStages, numFinishedStages,
]: ListedValues): ListedRow {
  return {
    id, experiment, title, path, hash, status, error, interrupted: interrupted === 1,
    isRehearsal: isRehearsal === 1, tags,
    host, place, pid, pidStarted, session, startedMs, heartbeatMs, endedMs,
    numTrials, numFinishedTrials, numStages, numFinishedStages,
  };
}

function toListed(store: Store, row: ListedRow): ListedRun {
  const gone = row.status === 'running' && !isLive(store, row);
  const shown = gone
    ? ({ status: 'failed', interrupted: true, error: interruptedError, endedMs: row.heartbeatMs } as const)
    : { status: row.status, interrupted: row.interrupted, error: row.error, endedMs: row.endedMs };
  const heard = () => ({ agoMs: store.clock() - row.heartbeatMs, isElsewhere: !isHere(store, row) });
  return {
    id: row.id,
    experiment: row.experiment,
    title: row.title,
    path: row.path,
    ...shown,
    heard: shown.status === 'running' ? heard() : null,
    tags: JSON.parse(row.tags) as string[],
    isRehearsal: row.isRehearsal,
    hash: row.hash,
    host: row.host,
    pid: row.pid,
    session: row.session,
    startedMs: row.startedMs,
    numTrials: row.numTrials,
    numFinishedTrials: row.numFinishedTrials,
    numStages: row.numStages,
    numFinishedStages: row.numFinishedStages,
  };
}

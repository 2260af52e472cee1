// The connection: WAL (a rollback journal on another machine's disk), busy timeout, foreign keys, and the numbered migrations
// of ../migrations, applied on open in one transaction. Two processes may open a new folder at once: the write lock lets one migrate, the other finds it done.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { count, type SQL } from 'drizzle-orm';
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { CalmError, makeFolder, type Json } from '@calm-orch/core';
import { configurationOf } from '../configuration.ts';
import { networkFileSystem } from './network-file-system.ts';
import { openForReading } from './read-only.ts';
import { openSqlite, type Sqlite, type Statement } from './sqlite.ts';
import { translateSqliteError } from './sqlite-errors.ts';

/** What every store function is given. */
export interface Store {
  readonly sqlite: Sqlite;
  readonly db: BetterSQLite3Database;
  readonly clock: () => number;
  readonly newToken: () => string;
  readonly host: string;
  readonly place: string;
  readonly processStart: (pid: number) => string | null;
  /** Runs this process coordinates, and in which session. */
  readonly held: Map<string, number>;
}

/** Whether a database is made where there is none, must be there, or is never written. */
export type Access = 'create' | 'write' | 'read';

export interface DatabaseOptions {
  readonly access: Access;
  readonly busyTimeoutMs: number;
  /** Name of the network file system that a folder is on. @default asks the system */
  readonly networkFileSystem?: (dir: string) => string | null;
}

export interface Database extends Pick<Store, 'sqlite' | 'db'> {
  isStale(): boolean;
  close(): void;
}

const migrationsDir = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** Opens and migrates. Throws CalmError: not_found (it must be there), io (unwritable, not a database, newer), busy. */
export function openDatabase(path: string, options: DatabaseOptions): Database {
  const { access, busyTimeoutMs, networkFileSystem: isOn = networkFileSystem } = options;
  if (access !== 'create' && !existsSync(path)) {
    throw new CalmError(
      'not_found',
      `no runs in ${dirname(path)} yet: start one with \`calm-orch run experiments/ablation-mfam.yaml\`, or name the run folder with --dir`,
    );
  }
  let sqlite: Sqlite | undefined;
  try {
    if (access === 'read') {
      const isCurrent = (opened: Sqlite): boolean => versionOf(opened) === migrationFiles().length;
      const read = openForReading(path, isCurrent, (copy) => migrate(copy, path), busyTimeoutMs);
      return { ...read, db: drizzle(read.sqlite) };
    }
    makeFolder(dirname(path));
    sqlite = openSqlite(path, { timeout: busyTimeoutMs });
    // Without the log a power cut must find every commit on the disk.
    const isLocal = isOn(dirname(path)) === null;
    useJournal(sqlite, isLocal ? 'wal' : 'delete', busyTimeoutMs);
    sqlite.pragma(`synchronous = ${isLocal ? 'NORMAL' : 'FULL'}`);
    sqlite.pragma('foreign_keys = ON');
    migrate(sqlite, path);
    const opened = sqlite;
    return { sqlite, db: drizzle(sqlite), isStale: () => false, close: () => void opened.close() };
  } catch (error) {
    sqlite?.close();
    throw translateSqliteError(error, path);
  }
}

/**
 * Runs `work` as one write transaction, or as part of the one under way, which an error ends as a whole: savepoints halve
 * the rows a second. The lock is taken at once so that a read inside cannot grow stale.
 */
export function transaction<T>({ sqlite }: Pick<Store, 'sqlite'>, work: () => T): T {
  if (sqlite.inTransaction) return work();
  proven.get(sqlite)?.clear();
  return atomicOf(sqlite).immediate(work) as T;
}

const proven = new WeakMap<Sqlite, Set<string>>();

/** What was found to be so in the transaction under way: nobody else can change it before its end. */
export function provenIn({ sqlite }: Pick<Store, 'sqlite'>): Set<string> {
  const own = proven.get(sqlite) ?? new Set();
  proven.set(sqlite, own);
  return own;
}

/** What became of one of several. */
export type Settled<T> = PromiseFulfilledResult<T> | PromiseRejectedResult;

/**
 * Many works in one write transaction, since a commit costs what several of them do. What one of them throws undoes that one
 * alone; what the commit throws undoes all, and is thrown.
 */
export function together<T>(store: Pick<Store, 'sqlite'>, works: readonly (() => T)[]): Settled<T>[] {
  const atomic = atomicOf(store.sqlite);
  return transaction(store, () =>
    works.map((work): Settled<T> => {
      try {
        return { status: 'fulfilled', value: atomic(work) as T };
      } catch (reason) {
        return { status: 'rejected', reason };
      }
    }),
  );
}

type Atomic = ReturnType<Sqlite['transaction']>;
const atomics = new WeakMap<Sqlite, Atomic>();

/** Inside a transaction it is a savepoint. Made once: making it costs as much as what it does. */
function atomicOf(sqlite: Sqlite): Atomic {
  const atomic = atomics.get(sqlite) ?? sqlite.transaction((work: () => unknown) => work());
  atomics.set(sqlite, atomic);
  return atomic;
}

const statements = new WeakMap<Sqlite, Map<string, Statement>>();

/** A statement of what is done thousands of times: prepared once for the connection, and without drizzle between. */
export function prepared({ sqlite }: Pick<Store, 'sqlite'>, text: string): Statement {
  const own = statements.get(sqlite) ?? new Map<string, Statement>();
  statements.set(sqlite, own);
  const found = own.get(text) ?? sqlite.prepare(text);
  own.set(text, found);
  return found;
}

export function countRows({ db }: Pick<Store, 'db'>, table: SQLiteTable, where: SQL): number {
  return db.select({ value: count() }).from(table).where(where).get()!.value;
}

/** Switching needs the database alone and does not wait by itself when two processes switch at once. */
function useJournal(sqlite: Sqlite, mode: 'wal' | 'delete', busyTimeoutMs: number): void {
  const pauseMs = 20;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      if (sqlite.pragma('journal_mode', { simple: true }) !== mode) sqlite.pragma(`journal_mode = ${mode}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || waitedMs >= busyTimeoutMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}

const versionOf = (sqlite: Sqlite): number => sqlite.pragma('user_version', { simple: true }) as number;

function migrationFiles(): string[] {
  return readdirSync(migrationsDir)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}

function migrate(sqlite: Sqlite, path: string): void {
  const files = migrationFiles();
  const version = () => versionOf(sqlite);
  if (version() > files.length) {
    throw new CalmError(
      'io',
      `${path} was written by a newer calm-orch (schema ${version()}, this one knows ${files.length}): update calm-orch, or use another run folder with --dir`,
    );
  }
  if (version() === files.length) return;
  const parsed = (text: unknown): Json => JSON.parse(String(text)) as Json;
  sqlite.function('configuration_of', (resolved, row) => configurationOf(parsed(resolved), String(row)));
  transaction({ sqlite }, () => {
    for (const file of files.slice(version())) sqlite.exec(readFileSync(join(migrationsDir, file), 'utf8'));
    sqlite.pragma(`user_version = ${files.length}`);
  });
}

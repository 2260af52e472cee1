// A database as reading commands see it: never written. Where that cannot be done in place - it is older than this
// program, or in a folder where SQLite may not make the files its log needs - a copy in the temporary folder is migrated
// and read.
import { copyFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeTemporaryFolder } from '@calm-orch/core';
import { openSqlite, type Sqlite } from './sqlite.ts';

export interface ReadDatabase {
  readonly sqlite: Sqlite;
  /** Whether it is a copy of what has been written to since. */
  isStale(): boolean;
  /** Closes it and removes the copy, if one was made. */
  close(): void;
}

/** @param migrate Brings a writable database to this program's schema, and throws for a newer one. */
export function openForReading(
  path: string,
  isCurrent: (sqlite: Sqlite) => boolean,
  migrate: (sqlite: Sqlite) => void,
  timeout: number,
): ReadDatabase {
  const inPlace = openInPlace(path, timeout);
  if (inPlace !== null && isCurrent(inPlace))
    return { sqlite: inPlace, isStale: () => false, close: () => void inPlace.close() };
  const copied = writtenAt(path);
  let dir: string;
  try {
    dir = makeTemporaryFolder('calm-orch-read-');
  } catch (error) {
    inPlace?.close();
    throw error;
  }
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  // Whoever forgets to close leaves nothing either.
  process.once('exit', remove);
  let sqlite: Sqlite | undefined;
  try {
    const copy = join(dir, basename(path));
    if (inPlace !== null) inPlace.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`);
    else for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
    inPlace?.close();
    sqlite = openSqlite(copy, { timeout });
    migrate(sqlite);
    sqlite.pragma('query_only = ON');
  } catch (error) {
    sqlite?.close();
    if (inPlace?.open) inPlace.close();
    remove();
    process.off('exit', remove);
    throw error;
  }
  const opened = sqlite;
  return {
    sqlite: opened,
    isStale: () => writtenAt(path) !== copied,
    close: () => {
      opened.close();
      remove();
      process.off('exit', remove);
    },
  };
}

/** Of the database and its log, to the nanosecond. */
const writtenAt = (path: string): string =>
  ['', '-wal'].map((end) => statSync(path + end, { bigint: true, throwIfNoEntry: false })?.mtimeNs).join(' ');

/** null where the folder does not let SQLite open the database's log. */
function openInPlace(path: string, timeout: number): Sqlite | null {
  let sqlite: Sqlite | undefined;
  try {
    sqlite = openSqlite(path, { timeout, readonly: true, fileMustExist: true });
    // The first read is what needs the log.
    sqlite.pragma('schema_version');
    return sqlite;
  } catch (error) {
    sqlite?.close();
    if (/^SQLITE_(CANTOPEN|READONLY)/.test((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}

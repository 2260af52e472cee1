// What SQLite and the file system throw, as one clear sentence with its remedy.
import { dirname } from 'node:path';
import { CalmError } from '@calm-orch/core';

/** CalmErrors and errors of our own code pass through unchanged. */
export function translateSqliteError(thrown: unknown, path: string): unknown {
  const code = (thrown as { code?: unknown } | null)?.code;
  if (thrown instanceof CalmError || typeof code !== 'string') return thrown;
  const wrap = (kind: 'busy' | 'io', message: string) => new CalmError(kind, message, { cause: thrown });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return wrap(
      'busy',
      `${path} is locked by another process: wait for it or end it, then repeat the command (what was recorded is kept)`,
    );
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return wrap('io', `no space left on the disk of ${path}: free some, then go on with \`calm-orch resume\``);
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return wrap(
      'io',
      `${path} is not a readable SQLite database: restore it from a copy, or use another run folder with --dir`,
    );
  }
  const cannotWrite = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT'].includes(code);
  if (cannotWrite || /^SQLITE_(READONLY|CANTOPEN|PERM|IOERR)/.test(code)) {
    return wrap(
      'io',
      `cannot write the run folder ${dirname(path)} (${code}): give yourself the right to write there, or name another with --dir`,
    );
  }
  return thrown;
}

/** The same functions, with their errors translated. */
export function guarded<T extends object>(path: string, api: T): T {
  const guard = (work: (...args: unknown[]) => unknown) => {
    return (...args: unknown[]): unknown => {
      try {
        return work(...args);
      } catch (error) {
        throw translateSqliteError(error, path);
      }
    };
  };
  return Object.fromEntries(Object.entries(api).map(([name, work]) => [name, guard(work as never)])) as T;
}

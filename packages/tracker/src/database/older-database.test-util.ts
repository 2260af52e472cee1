// A database as an earlier version left it: the first migrations alone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSqlite } from './sqlite.ts';

const migrations = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** With `version` migrations and the rows that `sql` inserts. */
export function makeOlderDatabase(path: string, version: number, sql: string): void {
  const sqlite = openSqlite(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('foreign_keys = OFF');
  sqlite.function('configuration_of', { varargs: true }, () => '');
  for (const name of readdirSync(migrations).sort().slice(0, version))
    sqlite.exec(readFileSync(join(migrations, name), 'utf8'));
  sqlite.pragma(`user_version = ${version}`);
  sqlite.exec(sql);
  sqlite.close();
}

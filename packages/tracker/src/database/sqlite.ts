// Which better-sqlite3 this Node takes. Version 12 ends the process from Node 24.19 on, when a statement is collected while
// no script runs. Version 13 needs Node 22 and is not installed below it: an optional dependency under a name of its own.
// Loaded on first use: most processes open no database.
import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';

export type Sqlite = Database.Database;
export type Statement = Database.Statement;

const require = createRequire(import.meta.url);

/** @throws what better-sqlite3 throws where the file cannot be opened. */
export function openSqlite(path: string, options?: Database.Options): Sqlite {
  const Client = require(clientName()) as typeof Database;
  return new Client(path, options);
}

function clientName(): string {
  if (Number(process.versions.node.split('.')[0]) < 22) return 'better-sqlite3';
  try {
    require.resolve('better-sqlite3-13');
    return 'better-sqlite3-13';
  } catch {
    return 'better-sqlite3';
  }
}

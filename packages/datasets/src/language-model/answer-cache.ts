// What a language model has answered, what that has cost, and when it may be asked next: one SQLite file in the user's
// cache, shared by all workers of all runs. The first answer to a question stays; whoever asks again reads it.
// Holds no key and no address with one.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { CalmError, makeFolder } from '@calm-orch/core';
import type { RequestForm } from './request-form.ts';

export interface AnswerCache {
  answerTo(question: string): string | null;
  /** Keeps the first answer to a question, and returns it. */
  keepAnswer(question: string, answer: string): string;
  /** Adds an estimated cost to what `account` has spent, unless that would exceed `cap`; whether it did. US dollars. */
  reserve(account: string, estimate: number, cap: number): boolean;
  /** Replaces an estimate by what it was. */
  settle(account: string, estimate: number, actual: number): void;
  /** Of all processes, estimates of questions under way included. */
  spent(account: string): number;
  /** The next free time to ask `endpoint`, at least `intervalMs` after the one before, and not before `nowMs`. */
  nextTime(endpoint: string, nowMs: number, intervalMs: number): number;
  /** Nobody asks `endpoint` before `untilMs`. */
  pause(endpoint: string, untilMs: number): void;
  /** How the server of `account` wants to be asked; null: nothing was learned. */
  form(account: string): RequestForm | null;
  keepForm(account: string, form: RequestForm): void;
  close(): void;
}

/** Times further away than this are of a clock that was wrong. */
const maxAheadMs = 10 * 60_000;

const schema = `
  CREATE TABLE IF NOT EXISTS answers (question TEXT PRIMARY KEY, answer TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS spending (account TEXT PRIMARY KEY, usd REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS forms (account TEXT PRIMARY KEY, form TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS times (endpoint TEXT PRIMARY KEY, next_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Version 13 from Node 22 on, where version 12 can end the process (docs/adr/0006-node-versions.md). */
function sqliteClient(): typeof Database {
  const require = createRequire(import.meta.url);
  const isNewer = Number(process.versions.node.split('.')[0]) >= 22;
  try {
    return require(isNewer ? 'better-sqlite3-13' : 'better-sqlite3') as typeof Database;
  } catch {
    return require('better-sqlite3') as typeof Database;
  }
}

/** @throws CalmError `io` when the file cannot be opened or is no database. */
export function openAnswerCache(path: string): AnswerCache {
  let db: Database.Database;
  try {
    makeFolder(dirname(path));
    db = new (sqliteClient())(path, { timeout: 10_000 });
    db.pragma('journal_mode = WAL');
    db.exec(schema);
  } catch (cause) {
    throw new CalmError('io', `the cache of answers ${path} cannot be used: ${(cause as Error).message}`, { cause });
  }
  const find = db.prepare<[string], { answer: string }>('SELECT answer FROM answers WHERE question = ?');
  const insert = db.prepare('INSERT INTO answers (question, answer) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const sum = db.prepare<[string], { usd: number }>('SELECT usd FROM spending WHERE account = ?');
  const add = db.prepare(
    'INSERT INTO spending (account, usd) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET usd = usd + excluded.usd',
  );
  const time = db.prepare<[string], { next_ms: number }>('SELECT next_ms FROM times WHERE endpoint = ?');
  const setTime = db.prepare(
    'INSERT INTO times (endpoint, next_ms) VALUES (?, ?) ON CONFLICT (endpoint) DO UPDATE SET next_ms = excluded.next_ms',
  );
  const formOf = db.prepare<[string], { form: string }>('SELECT form FROM forms WHERE account = ?');
  const setForm = db.prepare(
    'INSERT INTO forms (account, form) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET form = excluded.form',
  );
  const nextFree = (endpoint: string, nowMs: number): number => {
    const next = time.get(endpoint)?.next_ms ?? 0;
    return next - nowMs > maxAheadMs ? nowMs : Math.max(next, nowMs);
  };
  const spent = (account: string): number => sum.get(account)?.usd ?? 0;
  const write = <T>(work: () => T): T => db.transaction(work).immediate();
  return {
    answerTo: (question) => find.get(question)?.answer ?? null,
    keepAnswer: (question, answer) =>
      write(() => {
        insert.run(question, answer);
        return find.get(question)!.answer;
      }),
    reserve: (account, estimate, cap) =>
      write(() => {
        const fits = spent(account) + estimate <= cap;
        if (fits) add.run(account, estimate);
        return fits;
      }),
    settle: (account, estimate, actual) => void add.run(account, actual - estimate),
    spent,
    nextTime: (endpoint, nowMs, intervalMs) =>
      write(() => {
        const at = nextFree(endpoint, nowMs);
        setTime.run(endpoint, Math.ceil(at + intervalMs));
        return at;
      }),
    pause: (endpoint, untilMs) =>
      write(() => {
        const at = time.get(endpoint)?.next_ms ?? 0;
        if (untilMs > at) setTime.run(endpoint, Math.ceil(untilMs));
      }),
    form: (account) => {
      const row = formOf.get(account);
      return row === undefined ? null : (JSON.parse(row.form) as RequestForm);
    },
    keepForm: (account, form) => void setForm.run(account, JSON.stringify(form)),
    close: () => void db.close(),
  };
}

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.ts';
import { networkFileSystem } from './network-file-system.ts';
import { openSqlite } from './sqlite.ts';
import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOlderDatabase } from './older-database.test-util.ts';
import * as schema from './schema.ts';
import { databaseFile, hasTracker, openTracker } from '../tracker.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-database-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As SQL writes it. */
function defaultOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? `'${value}'` : String(Number(value));
}

test('the drizzle schema describes the tables the migrations make, column by column', () => {
  openTracker(dir).close();
  const sqlite = openSqlite(join(dir, databaseFile));
  const described = (Object.values(schema) as SQLiteTable[]).map(getTableConfig);
  const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
  expect(described.map(({ name }) => name).sort()).toEqual(sqlite.prepare(tables).pluck().all());
  for (const { name: table, columns } of described) {
    const made = sqlite.pragma(`table_info(${table})`) as Record<
      'name' | 'type' | 'notnull' | 'pk' | 'dflt_value',
      unknown
    >[];
    const ours = columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      required: column.notNull || column.primary,
      default: defaultOf(column.default),
    }));
    const theirs = made.map(({ name, type, notnull, pk, dflt_value }) => ({
      name,
      type,
      required: notnull === 1 || Number(pk) > 0,
      default: dflt_value,
    }));
    const byName = (a: { name: unknown }, b: { name: unknown }): number => (String(a.name) < String(b.name) ? -1 : 1);
    expect({ table, columns: ours.sort(byName) }).toEqual({ table, columns: theirs.sort(byName) });
  }
  sqlite.close();
});

test('the database is in WAL mode with foreign keys', () => {
  openTracker(dir).close();
  const sqlite = openSqlite(join(dir, databaseFile), { readonly: true });
  expect(sqlite.pragma('journal_mode', { simple: true })).toBe('wal');
  sqlite.close();
  const tracker = openTracker(dir);
  expect(() => tracker.logMetrics([{ runId: 'no', stageKey: 'no', step: 0, name: 'x', value: 1 }])).toThrow(
    /FOREIGN KEY/,
  );
  tracker.close();
});

test('on a network file system the database is opened without a write-ahead log, and switched to that', () => {
  openTracker(dir).close();
  const path = join(dir, databaseFile);
  const journal = ({ sqlite, close }: ReturnType<typeof openDatabase>): unknown[] => {
    const found = ['journal_mode', 'synchronous'].map((name) => sqlite.pragma(name, { simple: true }));
    close();
    return found;
  };
  const on = (name: string | null) =>
    openDatabase(path, { access: 'write', busyTimeoutMs: 1000, networkFileSystem: () => name });
  expect([journal(on('NFS')), journal(on(null))]).toEqual([
    ['delete', 2],
    ['wal', 1],
  ]);
  expect(networkFileSystem('/', () => 0x6969)).toBe('NFS');
  // As systems say it whose numbers have a sign.
  expect(networkFileSystem('/', () => 0xff534d42 | 0)).toBe('CIFS');
  expect(networkFileSystem('/', () => 0xef53)).toBe(null);
  expect(networkFileSystem(join(dir, 'none'))).toBe(null);
});

test('several processes may open a new run folder at the same moment', async () => {
  const run = join(dir, 'fresh');
  const source = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
  const script = `const { openTracker } = await import(${source});
    while (Date.now() < ${Date.now() + 1500});
    const t = openTracker(${JSON.stringify(run)}); t.listRuns(); t.close();`;
  const ends = [0, 1, 2, 3].map(
    () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let stderr = '';
        child.stderr.on('data', (chunk) => (stderr += chunk));
        child.on('close', (code) => resolve(`${code}${stderr}`));
      }),
  );
  expect(await Promise.all(ends)).toEqual(['0', '0', '0', '0']);
});

test('a coordinator killed with -9 leaves a run that is shown as failed (interrupted)', async () => {
  const source = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
  const run = `{ experiment: 'x', title: '', path: '', resolved: {}, hash: '', versions: {}, machine: {}, pid: process.pid, trials: [] }`;
  const script = `const { openTracker } = await import(${source});
    openTracker(${JSON.stringify(dir)}).createRun(${run}); console.log('started'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const tracker = openTracker(dir);
  expect(tracker.getRun('x-1').status).toBe('running');
  child.kill('SIGKILL');
  await ended;
  expect(tracker.getRun('x-1')).toMatchObject({ status: 'failed', interrupted: true });
  expect(tracker.findResumableRun()?.id).toBe('x-1');
  tracker.close();
});

test('a reader of a folder without runs is told how to start one, and makes no folder', () => {
  const nowhere = join(dir, 'nowhere');
  expect(() => openTracker(nowhere, { access: 'read' })).toThrow(/no runs in .*nowhere yet: start one with/);
  expect(hasTracker(nowhere)).toBe(false);
});

const newRun = { experiment: 'x', title: '', path: '', resolved: {}, hash: '', versions: {}, machine: {}, pid: 1 };

test('a reader of a database of an older version sees a migrated copy and leaves the original as it was', () => {
  const path = join(dir, databaseFile);
  makeOlderDatabase(
    path,
    5,
    `INSERT INTO runs (id, experiment, title, path, status, resolved, hash, versions, machine, host, pid, started_ms,
       session_started_ms, heartbeat_ms) VALUES ('x-1', 'x', '', '', 'succeeded', '{}', '', '{}', '{}', '', 1, 0, 0, 0)`,
  );
  const before = readFileSync(path);
  const reader = openTracker(dir, { access: 'read' });
  expect(reader.listRuns().map(({ id }) => id)).toEqual(['x-1']);
  expect(reader.listImports('x')).toEqual([]);
  reader.close();
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('attempts that an earlier version recorded have no stack, for readers and for who goes on with the run', () => {
  makeOlderDatabase(
    join(dir, databaseFile),
    8,
    `INSERT INTO runs (id, experiment, title, path, status, resolved, hash, versions, machine, host, pid, started_ms,
       session_started_ms, heartbeat_ms) VALUES ('x-1', 'x', '', '', 'failed', '{}', '', '{}', '{}', '', 1, 0, 0, 0);
     INSERT INTO stages (key, kind, config, inputs, num_items, status, first_run_id, created_ms)
       VALUES ('k', 'data', '{}', '{}', 1, 'failed', 'x-1', 0);
     INSERT INTO attempts (token, run_id, session, stage_key, item, attempt, worker, status, error, started_ms, ended_ms)
       VALUES ('t', 'x-1', 1, 'k', 0, 1, 'augmentor 0', 'failed', 'boom', 0, 1)`,
  );
  for (const access of ['read', 'write'] as const) {
    const tracker = openTracker(dir, { access });
    expect(tracker.listAttempts('x-1')).toMatchObject([{ error: 'boom', stack: null }]);
    tracker.close();
  }
});

test('a trial that an earlier version recorded has the weights and numbers it had', () => {
  const stage = (key: string, kind: string, position: number, result: string) =>
    `INSERT INTO stages (key, kind, config, inputs, num_items, status, first_run_id, created_ms, result)
       VALUES ('${key}', '${kind}', '{}', '{}', 1, 'succeeded', 'x-1', 0, '${result}');
     INSERT INTO run_stages (run_id, stage_key, position, execution, status)
       VALUES ('x-1', '${key}', ${position}, 'executed', 'succeeded');
     INSERT INTO trial_stages (run_id, row, seed, stage_key) VALUES ('x-1', 'all', 0, '${key}');`;
  makeOlderDatabase(
    join(dir, databaseFile),
    10,
    `INSERT INTO runs (id, experiment, title, path, status, resolved, hash, versions, machine, host, pid, started_ms,
       session_started_ms, heartbeat_ms) VALUES ('x-1', 'x', '', '', 'succeeded', '{}', '', '{}', '{}', '', 1, 0, 0, 0);
     INSERT INTO trials (run_id, position, row, seed) VALUES ('x-1', 0, 'all', 0);
     ${stage('a', 'finetune-score', 2, '{"fingerprint":"of the score"}')}
     ${stage('b', 'finetune-comment', 1, '{"fingerprint":"of the comment"}')}
     ${stage('c', 'data', 0, '{"metrics":{"data/photos":3}}')}
     ${stage('d', 'evaluate-score', 3, '{"metrics":{"PLCC":0.5}}')}`,
  );
  for (const access of ['read', 'write'] as const) {
    const tracker = openTracker(dir, { access });
    expect(tracker.getRun('x-1').trials).toMatchObject([{ status: 'succeeded', fingerprint: 'of the score' }]);
    expect(tracker.trialMetrics('x-1')).toEqual([{ row: 'all', seed: 0, name: 'PLCC', value: 0.5 }]);
    tracker.close();
  }
});

test('runs, curves and workers that an earlier version recorded are listed as before, and grouped by what was set', () => {
  const resolved = (steps: number): string =>
    JSON.stringify({ config: { steps }, seeds: [0], rehearsal: steps === 1, rows: [{ row: 'all', set: {} }] });
  const runOf = (n: number, steps: number) =>
    `INSERT INTO runs (id, experiment, title, path, status, resolved, hash, versions, machine, host, pid, started_ms,
       session_started_ms, heartbeat_ms)
       VALUES ('x-${n}', 'x', '', '', 'succeeded', '${resolved(steps)}', '', '{"node":"20"}', '{}', 'here', 1, 5, 7, 9);
     INSERT INTO trials (run_id, position, row, seed) VALUES ('x-${n}', 0, 'all', ${n}), ('x-${n}', 1, 'all', 9);
     INSERT INTO stages (key, kind, role, config, inputs, num_items, status, first_run_id, created_ms, result)
       VALUES ('e${n}', 'evaluate-score', 'evaluator', '{}', '{}', 1, 'succeeded', 'x-${n}', 0,
         '{"metrics":{"PLCC":0.${n},"SRCC":null}}'), ('q${n}', 'data', 'augmentor', '{}', '{}', 1, 'failed', 'x-${n}', 0, NULL);
     INSERT INTO run_stages (run_id, stage_key, position, execution, status)
       VALUES ('x-${n}', 'e${n}', 0, 'executed', 'succeeded'), ('x-${n}', 'q${n}', 1, 'executed', 'failed');
     INSERT INTO trial_stages (run_id, row, seed, stage_key)
       VALUES ('x-${n}', 'all', ${n}, 'e${n}'), ('x-${n}', 'all', 9, 'q${n}');
     INSERT INTO metrics (stage_key, item, name, step, value, run_id)
       VALUES ('e${n}', 0, 'loss', 2, NULL, 'x-${n}'), ('e${n}', 0, 'loss', 1, 3.5, 'x-${n}');
     INSERT INTO workers (run_id, pid, started, role, position) VALUES ('x-${n}', 4, 'then', 'trainer', 1);`;
  makeOlderDatabase(join(dir, databaseFile), 11, [runOf(1, 10), runOf(2, 10), runOf(3, 1)].join('\n'));
  for (const access of ['read', 'write'] as const) {
    const tracker = openTracker(dir, { access });
    const counts = { numTrials: 2, numFinishedTrials: 1, numStages: 2, numFinishedStages: 1 };
    expect(tracker.listRuns()).toMatchObject([
      { id: 'x-3', isRehearsal: true, ...counts },
      { id: 'x-2', isRehearsal: false, ...counts },
      { id: 'x-1', isRehearsal: false, ...counts },
    ]);
    expect(tracker.getRun('x-1')).toMatchObject({ resolved: { config: { steps: 10 } }, versions: { node: '20' } });
    const { groups } = tracker.groupTrials({ metric: 'PLCC' });
    expect(groups.map(({ seeds, values }) => [seeds, values])).toEqual([
      [[3], [0.3]],
      [
        [1, 2],
        [0.1, 0.2],
      ],
    ]);
    const points = [
      [1, 3.5],
      [2, Number.NaN],
    ];
    expect(tracker.listMetrics('e2')).toEqual([{ stageKey: 'e2', item: 0, name: 'loss', points }]);
    expect(tracker.metricCurve('e2', 'loss').points).toEqual(points.map((point) => [...point, null]));
    expect(tracker.listWorkers('x-1')).toMatchObject([
      { pid: 4, role: 'trainer', index: 1, host: 'here', session: 1, joinedMs: 7, endedMs: null, numCores: null },
    ]);
    tracker.close();
  }
});

test('workers that an earlier version started live where their coordinator did, named and as they registered', () => {
  const worker = (pid: number, instance: string) =>
    `INSERT INTO workers (run_id, session, host, pid, started, role, position, instance, joined_ms)
       VALUES ('x-1', 1, 'here', ${pid}, 'then', 'trainer', ${pid}, ${instance}, 5);`;
  makeOlderDatabase(
    join(dir, databaseFile),
    16,
    `INSERT INTO runs (id, experiment, title, path, status, hash, host, place, pid, started_ms, session_started_ms,
       heartbeat_ms) VALUES ('x-1', 'x', '', '', 'failed', '', 'here', 'boot/namespace', 1, 0, 0, 0);
     ${worker(4, "'its name'")} ${worker(5, 'NULL')}`,
  );
  const living = (place: string) => {
    const tracker = openTracker(dir, { access: 'write', host: 'here', place, processStart: () => 'then' });
    const found = tracker.livingWorkers('x-1');
    tracker.close();
    return found;
  };
  expect(living('boot/namespace')).toMatchObject([
    { pid: 4, instance: 'its name', hasRegistered: true, engine: null },
    { pid: 5, instance: 'worker 2', hasRegistered: false },
  ]);
  // Of one that has not registered the boot in its start tells.
  expect(living('boot/another').map(({ pid }) => pid)).toEqual([5]);
});

test('a reader writes nothing, sees what is written meanwhile, and reads from a folder it may not write', () => {
  const writer = openTracker(dir, { processStart: () => 'then' });
  const reader = openTracker(dir, { access: 'read', processStart: () => null });
  expect(() => reader.createRun({ ...newRun, trials: [] })).toThrow();
  writer.createRun({ ...newRun, trials: [] });
  writer.recordWorker('x-1', { role: 'trainer', index: 0, pid: 2, instance: 'i' });
  expect(writer.livingWorkers('x-1')).toHaveLength(1);
  expect([reader.listRuns().length, reader.livingWorkers('x-1')]).toEqual([1, []]);
  reader.close();
  writer.close();
  // Root may write everywhere, unless that right is taken from the process.
  chmodSync(dir, 0o555);
  chmodSync(join(dir, databaseFile), 0o444);
  const source = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
  const script = `const { openTracker } = await import(${source});
    const t = openTracker(${JSON.stringify(dir)}, { access: 'read' }); console.log(t.listRuns()[0].id); t.close();`;
  const command = [process.execPath, '--input-type=module', '-e', script];
  const asRoot = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
  const [file, ...args] = [...asRoot, ...command];
  const { stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8' });
  chmodSync(dir, 0o755);
  expect(stdout + stderr).toBe('x-1\n');
  expect(readdirSync(dir)).toEqual([databaseFile]);
});

test('runs of experiments named in any alphabet have names of their own', () => {
  const tracker = openTracker(dir);
  const names = ['mine v1', 'mine-v1', 'mine v1', '实验', 'الصور', '..', '-x', 'a/b', 'Cafe\u0301'];
  const ids = names.map((experiment) => tracker.createRun({ ...newRun, experiment, trials: [] }).id);
  expect(ids).toEqual(['mine-v1-1', 'mine-v1-2', 'mine-v1-3', '实验-1', 'الصور-1', 'run-1', 'x-1', 'a-b-1', 'Café-1']);
  expect(tracker.findRun('实验').id).toBe('实验-1');
  tracker.close();
});

test('a database of a newer version is refused with the remedy', () => {
  openTracker(dir).close();
  const sqlite = openSqlite(join(dir, databaseFile));
  sqlite.pragma('user_version = 999');
  sqlite.close();
  expect(() => openTracker(dir)).toThrow(/newer calm-orch \(schema 999, this one knows \d+\)/);
});

test('a database another process keeps locked is busy, not broken', () => {
  openTracker(dir).close();
  const holder = openSqlite(join(dir, databaseFile));
  holder.exec('BEGIN IMMEDIATE');
  const tracker = openTracker(dir, { busyTimeoutMs: 50 });
  const run = {
    experiment: 'x',
    title: '',
    path: '',
    resolved: {},
    hash: '',
    versions: {},
    machine: {},
    pid: 1,
    trials: [],
  };
  expect(() => tracker.createRun(run)).toThrow(expect.objectContaining({ code: 'busy' }));
  holder.exec('ROLLBACK');
  expect(tracker.createRun(run).id).toBe('x-1');
  tracker.close();
  holder.close();
});

test('a file that is no database, or a folder that cannot be made, is said in one sentence', () => {
  writeFileSync(join(dir, databaseFile), 'not a database, but long enough to be read as a header of one. '.repeat(20));
  expect(() => openTracker(dir)).toThrow(/not a readable SQLite database/);
  writeFileSync(join(dir, 'file'), '');
  expect(() => openTracker(join(dir, 'file', 'runs'))).toThrow(/cannot write the run folder .* --dir/);
});

test('an unwritable run folder is said in one sentence', () => {
  const locked = join(dir, 'locked');
  mkdirSync(locked);
  chmodSync(dir, 0o755);
  chmodSync(locked, 0o555);
  // Root may write anywhere: as root, this process is somebody else for a moment.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid!(65534);
  try {
    expect(() => openTracker(locked)).toThrow(/cannot write the run folder .*locked/);
  } finally {
    if (isRoot) process.seteuid!(0);
    chmodSync(locked, 0o700);
  }
});

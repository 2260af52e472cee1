// What scripts rely on: with --json every command prints one JSON value on standard output, failure included, and calls the
// same things by the same names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { calmOrch, type Ended } from './calm-orch.test-util.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-json-'));
  const tracker = openTracker(join(dir, 'runs'));
  const table = { id: 'table-5', title: 'Levels', metrics: ['PLCC'], footnotes: [] };
  const { id } = tracker.createRun({
    experiment: 'smoke',
    title: 'Smoke',
    path: '/x/smoke.yaml',
    hash: 'h',
    pid: process.pid,
    versions: {},
    machine: {},
    trials: [{ row: 'all', seed: 0 }],
    resolved: { table, rows: [{ row: 'all', set: {}, paper: { PLCC: 0.829 } }] },
  });
  tracker.endRun(id, 'cancelled');
  tracker.close();
  mkdirSync(join(dir, 'none'));
  writeFileSync(join(dir, 'x.yaml'), 'rows:\n  - row: a\n    set: { mfam.qeries: 4 }\n');
  const cases = [{ name: 'a', predictions: [1, 2, 3], targets: [1, 2, 4] }];
  writeFileSync(join(dir, 'scores.json'), JSON.stringify({ cases }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const inFolder = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  calmOrch([...args, '--json'], { cwd: dir, env: { CALM_ORCH_DIR: join(dir, 'runs'), ...env } });

/** A failing command line of each command that knows --json, with its exit code. */
const failures: Readonly<Record<string, readonly [exitCode: number, ...args: string[]]>> = {
  run: [2, 'x.yaml'],
  init: [1, 'x.yaml'],
  resume: [2, 'smoke-9'],
  attach: [2, 'smoke-9'],
  stop: [2],
  note: [2, 'smoke-9', 'x'],
  tag: [2, 'smoke-9'],
  runs: [2, '--limit', '-1'],
  show: [2, 'smoke-9'],
  tables: [2, 'smoke-9'],
  report: [2, 'smoke-9'],
  compare: [2, 'smoke-1', 'smoke-9'],
  export: [2, 'smoke-9', '--to', 'csv'],
  package: [2, 'smoke-9'],
  doctor: [2, '--fast'],
  plan: [2, 'none.yaml'],
  explain: [2, 'smoke-9'],
  verify: [2, 'smoke-9'],
  gc: [2, '--keep', '-1'],
  rm: [2, 'smoke-9', '--yes'],
  chaos: [2, 'x.yaml', '--faults', '-1'],
  audit: [2, 'smoke-9'],
  metrics: [2, 'captions', 'none.json'],
  import: [2, 'none.csv', '--as', 'x'],
  score: [1, 'none.jpg'],
  comment: [1, 'none.jpg'],
  suggest: [1, 'none.jpg'],
  token: [2, 'revoke', '00000000'],
  data: [2, 'verify', 'AVB'],
};

test('every command with --json is asked below, and its help says what it prints on failure', async () => {
  const { stdout } = await calmOrch(['--help']);
  const found = [...stdout.matchAll(/^ {2}calm-orch ([a-z]+)(?: [<[]|\s{2,}\S)/gm)].map(([, name]) => name!);
  const names = [...new Set(found)];
  expect(names).toEqual(expect.arrayContaining(Object.keys(failures)));
  const helps = await Promise.all(names.map(async (name) => (await calmOrch([name, '--help'])).stdout));
  const withJson = names.filter((_, i) => /^ +--json/m.test(helps[i]!));
  expect(withJson.sort()).toEqual(Object.keys(failures).sort());
  for (const name of withJson)
    expect(helps[names.indexOf(name)]!.replaceAll(/\s+/g, ' ')).toContain('{"error": {"message", "code", "exitCode"}}');
}, 120_000);

test.each(Object.entries(failures))('%s says in JSON why it failed, and the same to people', async (name, failure) => {
  const [exitCode, ...args] = failure;
  const { code, stdout, stderr } = await inFolder([name, ...args]);
  const { error } = JSON.parse(stdout) as { error: { message: string; code: string; exitCode: number } };
  expect([code, error.exitCode]).toEqual([exitCode, exitCode]);
  expect(error.code).toMatch(/^[a-z_]+$/);
  expect(stderr).toBe(`calm-orch: ${error.message}\n`);
});

describe('a failure is JSON, too', () => {
  test('where the command or an option is mistyped', async () => {
    for (const args of [['tabels'], ['runs', '--status', 'lost'], ['run']])
      expect(JSON.parse((await inFolder(args)).stdout)).toMatchObject({ error: { exitCode: 2 } });
    const format = await calmOrch(['tables', 'smoke-9', '--format', 'json', '--dir', join(dir, 'runs')]);
    expect(JSON.parse(format.stdout)).toMatchObject({ error: { code: 'not_found' } });
  });

  test('where the process in the background cannot start the run', async () => {
    const resolves = join(dir, 'y.yaml');
    writeFileSync(resolves, 'rows:\n  - row: a\n');
    const { code, stdout, stderr } = await inFolder(['run', resolves, '--detach'], { TMPDIR: '/nonexistent' });
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout) as { error: { message: string } };
    expect(error.message).toContain('there is no folder for temporary files');
    expect(stderr).toBe(`Planning y: 1 row, 1 seed.\ncalm-orch: ${error.message}\n`);
  }, 30_000);

  test('and without --json nothing but a sentence', async () => {
    expect(await calmOrch(['show', 'smoke-9', '--dir', join(dir, 'runs')])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('the same thing has the same name', () => {
  const parsed = async (...args: string[]): Promise<unknown> => JSON.parse((await inFolder(args)).stdout);

  test('a run is `run` in every command that names one', async () => {
    expect(await parsed('runs')).toMatchObject([
      { run: 'smoke-1', status: 'cancelled', trials: [{ row: 'all', seed: 0 }] },
    ]);
    expect(await parsed('show')).toMatchObject({
      run: 'smoke-1',
      status: 'cancelled',
      trials: [{ row: 'all', seed: 0 }],
    });
    for (const command of ['audit', 'verify'])
      expect(await parsed(command)).toMatchObject({ run: 'smoke-1', ok: true });
    const empty = await inFolder(['resume'], { CALM_ORCH_DIR: join(dir, 'none') });
    expect(JSON.parse(empty.stdout)).toMatchObject({ run: null, status: null });
  });

  test('an event tells its stage as `stage`', async () => {
    const { events } = (await parsed('show')) as { events: readonly object[] };
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(Object.keys(event)).toContain('stage');
      expect(Object.keys(event)).not.toContain('stageKey');
    }
  });

  test('tables are an array, each with its rows by `row`', async () => {
    expect(await parsed('tables')).toMatchObject([{ table: 'table-5', rows: [{ row: 'all' }] }]);
  });
});

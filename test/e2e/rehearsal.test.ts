// Before a run is paid for, all of it is rehearsed: it ends as any run, says that its numbers mean nothing and what the full
// run would need, and is never taken for a real one.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultCacheDir } from '@calm-orch/engine';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-rehearsal-'));
  // A cache of its own, with the engine that is installed.
  mkdirSync(join(dir, 'calm-orch'));
  symlinkSync(join(defaultCacheDir(), 'engine'), join(dir, 'calm-orch/engine'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const calmOrch = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, XDG_CACHE_HOME: dir, CALM_ORCH_DIR: join(dir, 'runs') };
    const program = [join(root, 'packages/cli/bin/calm-orch.js'), ...args];
    execFile(process.execPath, program, { cwd: root, env, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

interface Outcome {
  readonly status: string;
  readonly executed: number;
  readonly tables: readonly { readonly rehearsal?: true; readonly rows: readonly object[] }[];
  readonly fullRun: { readonly disk: readonly { stage: string; count: number }[]; readonly missing: readonly string[] };
}

const smoke = ['experiments/smoke.yaml', '--rehearsal', '--rows', 'all'];

test('a rehearsal ends as any run, without verdicts and differences, with what the full run would need', async () => {
  const { code, stdout, stderr } = await calmOrch('run', ...smoke, '--json');
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  const { status, executed, tables, fullRun } = JSON.parse(stdout) as Outcome;
  expect([status, tables.length, tables[0]!.rehearsal]).toEqual(['succeeded', 1, true]);
  expect(executed).toBeGreaterThan(10);
  expect(tables[0]).not.toHaveProperty('verdicts');
  expect(JSON.stringify(tables)).not.toMatch(/difference/);
  expect(JSON.stringify(tables)).toMatch(/"paper":0\.829/);
  expect(fullRun.missing).toEqual([]);
  expect(fullRun.disk).toContainEqual(expect.objectContaining({ stage: 'encode', count: 3 }));
}, 600_000);

test('it is printed over its table that the numbers mean nothing, and no name of the experiment leads to it', async () => {
  expect((await calmOrch('tables')).stdout).toMatch(/^Rehearsal: these numbers mean nothing\. MFAM levels/);
  expect(await calmOrch('tables', 'smoke')).toMatchObject({ code: 2, stdout: '' });
  const photo = join(root, 'assets/photos');
  expect((await calmOrch('score', photo)).stderr).toMatch(/has no trained full model/);
}, 120_000);

test('its models are made again where they are gone, and its stages are found done', async () => {
  const made = join(dir, 'calm-orch/rehearsal');
  expect(existsSync(made)).toBe(true);
  rmSync(made, { recursive: true });
  const plan = async (...more: string[]) =>
    JSON.parse((await calmOrch('plan', ...more, '--gflops', '1', '--json')).stdout) as {
      total: { unique: number; done: number };
    };
  const { total } = await plan(...smoke);
  expect(total.done).toBe(total.unique);
  // Of the real run not even the photographs are there.
  expect((await plan('experiments/smoke.yaml', '--rows', 'all')).total.done).toBe(0);
}, 120_000);

test('the paper is planned so without its checkpoints, and that they are missing is said', async () => {
  const plan = ['plan', 'experiments/paper.yaml', '--preset', 'paper', '--rehearsal', '--gflops', '1'];
  const { code, stdout } = await calmOrch(...plan);
  expect(code).toBe(0);
  expect(stdout).toMatch(/28 trials in 1 experiment/);
  expect(stdout).toMatch(/What the full run would need:/);
  expect(stdout).toMatch(/Missing:\n- foundation\.checkpoint: no checkpoint at /);
}, 120_000);

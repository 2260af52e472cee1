// The tarball of `npm run pack` in an empty folder: doctor finds everything, the carried smoke experiment runs, and its
// stages have the keys and results they have in this clone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../rules/sources.ts';
import { mustRun, outcomeOf, packInto, runProgram } from './installed.test-util.ts';

let dir: string;
let empty: { readonly cwd: string };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-installed-'));
  const tarball = await packInto(dir);
  empty = { cwd: join(dir, 'empty') };
  mkdirSync(empty.cwd);
  await mustRun(['npm', 'install', '--no-audit', '--no-fund', tarball], empty);
}, 1_200_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const installed = ['npx', '--no-install', 'calm-orch'] as const;

test('doctor finds the engine and every native module', async () => {
  const report = JSON.parse(await mustRun([...installed, 'doctor', '--json'], empty)) as Record<string, unknown>;
  expect(report).toMatchObject({
    engine: { backend: expect.stringMatching(/^(tensorflow|wasm)$/) },
    gflops: expect.any(Number),
    modules: ['better-sqlite3', 'sharp', 'esbuild'].map((module) => ({ module, problem: null })),
  });
});

test('the carried smoke experiment runs as in the clone: same keys, same weights, same metrics', async () => {
  const { code, stdout, stderr } = await runProgram([...installed, 'run', 'experiments/smoke.yaml'], empty);
  expect(stderr).toContain('note: no file experiments/smoke.yaml here: taking the one that comes with calm-orch');
  expect(stdout).toContain('Run smoke-1 succeeded: 20 stages executed, 0 reused.');
  expect(code).toBe(0);

  const clone = { cwd: repository, env: { CALM_ORCH_DIR: join(dir, 'clone-runs') } };
  const ours = [process.execPath, 'packages/cli/bin/calm-orch.js'] as const;
  await mustRun([...ours, 'run', 'experiments/smoke.yaml'], clone);
  const outcome = await outcomeOf(installed, empty);
  expect(outcome).toHaveLength(20);
  expect(outcome).toEqual(await outcomeOf(ours, clone));
});

test('the table is printed again, and a mistyped experiment is answered with the one meant', async () => {
  expect(await mustRun([...installed, 'tables'], empty)).toContain('MFAM levels, aesthetic scoring');
  const { code, stderr } = await runProgram([...installed, 'run', 'experiments/smok.yaml'], empty);
  expect(stderr).toContain('did you mean experiments/smoke.yaml, which comes with calm-orch?');
  expect(code).toBe(2);
});

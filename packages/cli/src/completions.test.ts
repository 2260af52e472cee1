// Completion as a shell asks for it, and without what makes it slow.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { calmOrch } from './calm-orch.test-util.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-completion-'));
  const tracker = openTracker(join(dir, 'runs'));
  for (const experiment of ['smoke', 'other'])
    tracker.createRun({
      experiment,
      title: 'x',
      path: '/x.yaml',
      hash: 'h',
      pid: process.pid,
      versions: {},
      machine: {},
      trials: [{ row: 'all', seed: 0 }],
      resolved: {},
    });
  tracker.close();
  mkdirSync(join(dir, 'experiments'));
  for (const name of ['a.yaml', 'b.yaml', 'notes.md']) writeFileSync(join(dir, 'experiments', name), '');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function completed(...words: string[]): Promise<string[]> {
  const args = ['--get-yargs-completions', 'calm-orch', ...words];
  const { code, stdout, stderr } = await calmOrch(args, { cwd: dir, env: { CALM_ORCH_DIR: '', SHELL: '/bin/bash' } });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

test('commands, their options, and what an option may be', async () => {
  expect(await completed('ru')).toEqual(['run', 'runs']);
  expect(await completed('')).toEqual(expect.arrayContaining(['run', 'completion']));
  expect(await completed('')).not.toContain('trainer');
  expect(await completed('run', 'x.yaml', '--unl')).toEqual(['--unlabeled']);
  expect(await completed('tables', '--format', '')).toEqual(['text', 'markdown', 'latex', 'csv', 'json']);
  expect(await completed('data', 'v')).toEqual(['verify']);
});

test('runs of the run folder that is named, and experiment files', async () => {
  expect((await completed('show', '')).sort()).toEqual(['other-1', 'smoke-1']);
  expect(await completed('resume', 'sm')).toEqual(['smoke-1']);
  expect(await completed('score', 'x.jpg', '--run', 'o')).toEqual(['other-1']);
  expect(await completed('--dir=/nowhere', 'show', '')).toEqual([]);
  expect(await completed('plan', '')).toEqual(['experiments/a.yaml', 'experiments/b.yaml']);
  expect(await completed('run', '../')).toEqual([]);
});

test('the script is one that bash can read', async () => {
  const { code, stdout } = await calmOrch(['completion'], { env: { SHELL: '/bin/bash', ZSH_NAME: undefined } });
  expect(code).toBe(0);
  const script = `${stdout}\ncomplete -p calm-orch`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toContain(
    '_calm-orch_yargs_completions calm-orch',
  );
});

/** Of packages that compute, the definitions of stages and names of files and folders. */
const light = /dist\/(stages\/([\w-]+\.kind|index|slices)|layout|fused-kernels|photos\/(degraded|photo-list))\.js$/;

test('neither the engine nor a worker’s code is loaded for it', async () => {
  const hooks = join(dir, 'hooks.mjs');
  writeFileSync(
    hooks,
    `
    export async function load(url, context, next) { process._rawDebug('loads ' + url); return next(url, context); }`,
  );
  const registered = join(dir, 'register.mjs');
  writeFileSync(
    registered,
    `
    import { register } from 'node:module';
    register('./hooks.mjs', import.meta.url);`,
  );
  for (const words of [
    ['run', '--'],
    ['show', ''],
    ['score', '--'],
  ]) {
    const { stderr } = await calmOrch(['--get-yargs-completions', 'calm-orch', ...words], {
      cwd: dir,
      // Not bundled, module by module.
      env: { NODE_OPTIONS: `--import=${registered}`, CALM_ORCH_DEBUG: '1' },
    });
    expect(stderr).toContain('packages/cli/dist/completions.js');
    const loaded = stderr.split('\n').filter((line) => !light.test(line));
    const heavy = /loads .*(tfjs|packages\/(engine|model|trainer|augmentor|evaluator|data|rpc)\/|grpc|sharp)/;
    expect(loaded.filter((line) => heavy.test(line))).toEqual([]);
  }
});

// The supported versions of Node that this one is not: the tarball runs the smoke experiment, to the same results, and a
// clone passes the tests of what differs between versions (native modules, processes, sockets, JSON, the command line).
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from '../rules/sources.ts';
import { mustRun, otherNode, outcomeOf, packInto, runProgram } from './installed.test-util.ts';

const versions = [22, 24].filter((version) => version !== Number(process.versions.node.split('.')[0]));

const chosen = [
  'packages/core',
  'packages/rpc',
  'packages/tracker',
  'packages/engine/src/load.test.ts',
  'packages/coordinator/src/runs/run.test.ts',
  'packages/cli/src/surroundings/native-error.test.ts',
  'test/e2e/native-modules.test.ts',
  'test/stories/interrupted-run.test.ts',
];

let dir: string;
let tarball: string;
const nodes = new Map<number, Awaited<ReturnType<typeof otherNode>>>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-node-'));
  // Tests of missing permissions run as somebody else for a moment, who must be able to read the clone.
  chmodSync(dir, 0o755);
  tarball = await packInto(dir);
  for (const version of versions) nodes.set(version, await otherNode(version, join(dir, `node-${version}`)));
}, 600_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Nothing is compiled from Node 22 on but the engine's addon, which serves every version: no script is needed. */
const quick = ['--ignore-scripts', '--no-audit', '--no-fund'];

for (const version of versions) {
  test(`Node ${version} installs the tarball and runs the smoke experiment to the same results`, async ({ skip }) => {
    const env = nodes.get(version);
    if (!env) return skip(`Node ${version} cannot be had from npm here`);
    const place = { cwd: join(dir, `installed-${version}`), env };
    mkdirSync(place.cwd);
    await mustRun(['npm', 'install', ...quick, tarball], place);
    expect(await mustRun(['node', '-v'], place)).toMatch(new RegExp(`^v${version}\\.`));
    const calmOrch = ['node', 'node_modules/calm-orch/node_modules/@calm-orch/cli/bin/calm-orch.js'] as const;
    const { modules } = JSON.parse(await mustRun([...calmOrch, 'doctor', '--json'], place)) as { modules: unknown[] };
    expect(modules).toEqual(['better-sqlite3', 'sharp', 'esbuild'].map((module) => ({ module, problem: null })));
    await mustRun([...calmOrch, 'run', 'experiments/smoke.yaml'], place);

    const here = { cwd: repository, env: { CALM_ORCH_DIR: join(dir, 'clone-runs') } };
    const ours = [process.execPath, 'packages/cli/bin/calm-orch.js'] as const;
    await mustRun([...ours, 'run', 'experiments/smoke.yaml'], here);
    expect(await outcomeOf(calmOrch, place)).toEqual(await outcomeOf(ours, here));
  });

  test(`a clone passes the chosen tests on Node ${version}`, async ({ skip }) => {
    const env = nodes.get(version);
    if (!env) return skip(`Node ${version} cannot be had from npm here`);
    const place = { cwd: join(dir, `clone-${version}`), env };
    const files = (await mustRun(['git', 'ls-files'], { cwd: repository })).trim().split('\n');
    for (const file of files) cpSync(join(repository, file), join(place.cwd, file), { dereference: true });
    await mustRun(['npm', 'ci', ...quick], place);
    await mustRun(['node', 'node_modules/typescript/bin/tsc', '-b'], place);
    const tests = await runProgram(['node', 'node_modules/vitest/vitest.mjs', 'run', ...chosen], place);
    expect(tests.stdout + tests.stderr).toMatch(/Test Files .*passed/);
    expect(tests.code, `${tests.stdout}\n${tests.stderr}`).toBe(0);
  });
}

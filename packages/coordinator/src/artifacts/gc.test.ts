import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker, type PlannedStage, type Tracker } from '@calm-orch/tracker';
import { publishArtifact, removeLeftovers } from './artifact.ts';
import { allButNewest, findGarbage, freeGarbage, onlyOf } from './gc.ts';
import { layoutOf, startingLogs, type Layout } from './layout.ts';
import { checkArtifacts, reuseOf } from './reuse.ts';

let dir: string;
let layout: Layout;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-gc-'));
  layout = layoutOf(dir);
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

const start = (by = tracker): string =>
  by.createRun({
    experiment: 'x',
    title: 'X',
    path: '/x.yaml',
    resolved: {},
    hash: 'h',
    versions: {},
    machine: {},
    pid: process.pid,
    trials: [],
  }).id;

/** Plans a run of one stage as coordinators do; whether it is to be reused. */
async function plan(run: string, key: string, other = tracker): Promise<boolean> {
  const checked = await checkArtifacts(other, layout, [{ key }]);
  let reuse = false;
  other.upsertStages(run, (): PlannedStage[] => {
    reuse = reuseOf(other, layout, checked, key).isWhole;
    return [{ key, kind: 'data', role: 'augmentor', config: {}, inputs: {}, numItems: 1, trials: [], reuse }];
  });
  return reuse;
}

/** A run that makes one artifact, or fails after it. */
async function make(key: string, status: 'succeeded' | 'failed' | 'cancelled'): Promise<string> {
  const run = start();
  if (!(await plan(run, key))) {
    tracker.finishItem(tracker.startAttempt(run, key, 0, 'augmentor 0').token, {});
    mkdirSync(layout.staging(key), { recursive: true });
    writeFileSync(join(layout.staging(key), 'file'), key);
    const { files } = await publishArtifact(layout, { key, kind: 'data', result: {}, ingredients: null });
    tracker.succeedStage(run, key, {}, files);
  }
  tracker.endRun(run, status);
  return run;
}

const collect = (keep: number): string[] =>
  freeGarbage(tracker, layout, allButNewest(keep), findGarbage(tracker, layout, allButNewest(keep))).freed.map(
    ({ path }) => path,
  );

test('runs that failed or were cancelled are not among the newest; those since then stay to be resumed', async () => {
  await make('oldest', 'succeeded');
  await make('given-up', 'cancelled');
  await make('good', 'succeeded');
  await make('failed', 'failed');
  await make('cancelled', 'cancelled');
  expect(collect(2)).toEqual(['artifacts/given-up']);
  expect(collect(1)).toEqual(['artifacts/failed', 'artifacts/oldest']);
  expect(readdirSync(join(dir, 'artifacts')).sort()).toEqual(['cancelled', 'good']);
  expect(collect(0)).toEqual(['artifacts/cancelled', 'artifacts/good']);
});

test('a run that was recorded while gc works keeps the artifact it reuses', async () => {
  await make('shared', 'succeeded');
  await make('newer', 'succeeded');
  const found = findGarbage(tracker, layout, allButNewest(1));
  expect(found.freed.map(({ path }) => path)).toEqual(['artifacts/shared']);
  expect(await plan(start(), 'shared')).toBe(true);
  expect(freeGarbage(tracker, layout, allButNewest(1), found)).toMatchObject({ freed: [], freedBytes: 0 });
  expect(existsSync(layout.artifact('shared'))).toBe(true);
});

test('while gc takes things away nobody plans: a run is planned without what went', async () => {
  await make('shared', 'succeeded');
  const other = openTracker(dir, { busyTimeoutMs: 0 });
  try {
    const run = start(other);
    const checked = await checkArtifacts(other, layout, [{ key: 'shared' }]);
    expect(checked.whole.has('shared')).toBe(true);
    tracker.exclusively(() => expect(() => other.upsertStages(run, [])).toThrow(/locked by another process/));
    expect(collect(0)).toEqual(['artifacts/shared']);
    expect(reuseOf(other, layout, checked, 'shared')).toEqual({ isWhole: false, problem: null });
    expect(await plan(run, 'shared', other)).toBe(false);
  } finally {
    other.close();
  }
});

test('what a gc that was killed has left in the trash goes with the next', async () => {
  mkdirSync(layout.trash('artifact-1234'), { recursive: true });
  writeFileSync(join(layout.trash('artifact-1234'), 'file'), 'left');
  expect(collect(1)).toEqual(['trash/artifact-1234']);
  expect(readdirSync(join(dir, 'trash'))).toEqual([]);
});

test('folders that go while their size is asked for, as beside a run or another gc, count nothing', async () => {
  const script = `mkdir -p trash; while :; do mkdir -p trash/a/b/c/d/e; mv trash/a trash/z; rm -r trash/z; done`;
  const other = spawn('sh', ['-c', script], { cwd: dir, stdio: 'ignore' });
  const ended = once(other, 'exit');
  try {
    const until = Date.now() + 1500;
    while (Date.now() < until) expect(findGarbage(tracker, layout, allButNewest(1)).freedBytes).toBeLessThan(1 << 20);
  } finally {
    other.kill('SIGKILL');
    await ended;
  }
});

test('the log of a run in the background that is not recorded yet stays', () => {
  const log = layout.log(startingLogs, 'x');
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, 'planning');
  expect(collect(0)).toEqual([]);
  expect(existsSync(log)).toBe(true);
});

test('a removed run leaves the lists, with what no other run needs; its id is not given again', async () => {
  await make('foundation', 'succeeded');
  const second = start();
  await plan(second, 'foundation');
  tracker.endRun(second, 'cancelled');
  for (const folder of ['logs', 'joins']) mkdirSync(join(dir, folder, second), { recursive: true });
  const remove = (id: string) => {
    const selection = onlyOf([id]);
    const found = findGarbage(tracker, layout, selection);
    return freeGarbage(tracker, layout, selection, found, () => tracker.removeRun(id)).freed.map(({ path }) => path);
  };
  expect(remove(second)).toEqual(['logs/x-2', 'joins/x-2']);
  expect(tracker.listRuns().map(({ id }) => id)).toEqual(['x-1']);
  expect(() => tracker.getRun(second)).toThrow(/no run or experiment `x-2`: the newest runs are x-1/);
  expect(tracker.findRun().id).toBe('x-1');
  expect(await make('later', 'succeeded')).toBe('x-3');
  expect(remove('x-1')).toEqual(['artifacts/foundation']);
});

test('a run at work is not removed, and nothing of it goes', async () => {
  await make('shared', 'succeeded');
  tracker.removeRun('x-1');
  const atWork = start();
  expect(await plan(atWork, 'shared')).toBe(true);
  const selection = onlyOf([atWork]);
  const found = findGarbage(tracker, layout, selection);
  expect(() => freeGarbage(tracker, layout, selection, found, () => tracker.removeRun(atWork))).toThrow(/is at work/);
  expect(existsSync(layout.artifact('shared'))).toBe(true);
});

test('of the checkpoints of a stage that has succeeded those that stay are left, and go with its artifact', async () => {
  await make('trained', 'succeeded');
  const kept = layout.keptCheckpoints('trained');
  mkdirSync(kept, { recursive: true });
  for (const folder of [kept, dirname(kept)]) writeFileSync(join(folder, 'step-00000064.json'), '{}');
  removeLeftovers(layout, 'trained');
  expect(readdirSync(dirname(kept))).toEqual(['kept']);
  expect(collect(1)).toEqual([]);
  expect(readdirSync(kept)).toEqual(['step-00000064.json']);
  expect(collect(0)).toEqual(['artifacts/trained', 'checkpoints/trained']);
});

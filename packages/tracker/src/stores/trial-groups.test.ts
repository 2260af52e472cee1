import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTracker } from '../tracker.ts';
import { finish, makeFolder, newRun, stage, type Folder } from './folder.test-util.ts';

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

interface Planned {
  readonly row: string;
  readonly seed: number;
  readonly key: string;
  readonly PLCC: number | null;
}

/** A run of `all` and `thematic`, whose stages are made unless they were before. */
function run(resolved: object, trials: readonly Planned[]): string {
  const { tracker } = folder;
  const { id } = tracker.createRun(newRun({ resolved: resolved as never, trials }));
  const isThere = ({ key }: Planned): boolean => tracker.findSucceededStage(key) !== null;
  const reused = new Set(trials.filter(isThere));
  tracker.upsertStages(
    id,
    trials.map((one) => stage(one.key, { trials: [one], reuse: reused.has(one) })),
  );
  for (const one of trials) if (!reused.has(one)) finish(tracker, id, one.key, { PLCC: one.PLCC });
  tracker.endRun(id, 'succeeded');
  return id;
}

const resolved = (steps: number, seeds: readonly number[]) => ({
  config: { steps },
  seeds,
  rows: [
    { row: 'all', set: {}, seeds },
    { row: 'thematic', set: { levels: 1 } },
  ],
});

test('trials of any run that differ in their seed alone are one group, with mean, deviation and number', () => {
  run(resolved(9, [0, 1]), [
    { row: 'all', seed: 0, key: 'a', PLCC: 0.5 },
    { row: 'all', seed: 1, key: 'b', PLCC: 0.7 },
    { row: 'thematic', seed: 0, key: 'c', PLCC: null },
  ]);
  // The same again, and another seed; then other steps.
  run(resolved(9, [0, 2]), [
    { row: 'all', seed: 0, key: 'a', PLCC: 0.5 },
    { row: 'all', seed: 2, key: 'd', PLCC: 0.9 },
  ]);
  run(resolved(10, [0]), [{ row: 'all', seed: 0, key: 'e', PLCC: 0.1 }]);
  const { groups, total } = folder.tracker.groupTrials({ metric: 'PLCC' });
  expect(total).toBe(3);
  expect(groups).toMatchObject([
    { row: 'all', runId: 'smoke-3', seeds: [0], values: [0.1], mean: 0.1, std: null, n: 1 },
    { row: 'all', runId: 'smoke-2', seeds: [0, 1, 2], values: [0.5, 0.7, 0.9], n: 3 },
    { row: 'thematic', runId: 'smoke-1', seeds: [0], values: [null], mean: null, std: null, n: 0 },
  ]);
  expect(groups[1]!.mean).toBeCloseTo(0.7);
  expect(groups[1]!.std).toBeCloseTo(0.2);
  expect(folder.tracker.groupTrials({ metric: 'SRCC' })).toEqual({ groups: [], total: 0 });
  expect(folder.tracker.metricNames()).toEqual(['PLCC']);
});

test('of a seed that newer code has evaluated again the newest number counts, and none of a removed run', () => {
  run(resolved(9, [0]), [{ row: 'all', seed: 0, key: 'old', PLCC: 0.5 }]);
  const newest = run(resolved(9, [0]), [{ row: 'all', seed: 0, key: 'new', PLCC: 0.6 }]);
  const values = () => folder.tracker.groupTrials({ metric: 'PLCC' }).groups.map((group) => group.values);
  expect(values()).toEqual([[0.6]]);
  folder.tracker.removeRun(newest);
  expect(values()).toEqual([[0.5]]);
});

test('groups are searched, sorted and come in pages; those without a mean are last', () => {
  run(resolved(9, [0]), [
    { row: 'all', seed: 0, key: 'a', PLCC: 0.9 },
    { row: 'thematic', seed: 0, key: 'b', PLCC: 0.4 },
  ]);
  run(resolved(10, [0]), [{ row: 'all', seed: 0, key: 'c', PLCC: null }]);
  const means = (query: object) =>
    folder.tracker.groupTrials({ metric: 'PLCC', ...query }).groups.map(({ mean }) => mean);
  expect(means({ sort: 'mean' })).toEqual([0.9, 0.4, null]);
  expect(means({ sort: 'mean', descending: false })).toEqual([0.4, 0.9, null]);
  expect(means({ sort: 'mean', limit: 1, offset: 1 })).toEqual([0.4]);
  expect(means({ text: 'THEM' })).toEqual([0.4]);
});

test('who asks again and again is told of every change, as one who asks for the first time', () => {
  const { tracker, dir } = folder;
  const reader = openTracker(dir, { access: 'read' });
  const asked = () => {
    const first = openTracker(dir, { access: 'read' });
    const answer = reader.groupTrials({ metric: 'PLCC' });
    expect(answer).toEqual(first.groupTrials({ metric: 'PLCC' }));
    first.close();
    return answer.groups.map(({ runId, values }) => [runId, ...values]);
  };
  const planned = (seed: number, key: string) => ({ row: 'all', seed, key, PLCC: 0.5 });
  expect(asked()).toEqual([]);
  run(resolved(9, [0]), [planned(0, 'a')]);
  expect(asked()).toEqual([['smoke-1', 0.5]]);

  // Its first seed is there, the second is made while one looks.
  const trials = [planned(0, 'a'), planned(1, 'b')];
  const { id } = tracker.createRun(newRun({ resolved: resolved(9, [0, 1]) as never, trials }));
  expect(asked()).toEqual([['smoke-1', 0.5]]);
  tracker.upsertStages(
    id,
    trials.map((one) => stage(one.key, { trials: [one], reuse: one.key === 'a' })),
  );
  expect(asked()).toEqual([['smoke-2', 0.5]]);
  finish(tracker, id, 'b', { PLCC: 0.7 });
  expect(asked()).toEqual([['smoke-2', 0.5, 0.7]]);
  tracker.endRun(id, 'succeeded');

  // A run makes again what others have reused, and is removed: the others keep what it made.
  const again = tracker.createRun(newRun({ resolved: resolved(9, [0]) as never })).id;
  tracker.upsertStages(again, [stage('a')]);
  finish(tracker, again, 'a', { PLCC: 0.6 });
  tracker.endRun(again, 'succeeded');
  expect(asked()).toEqual([['smoke-3', 0.6, 0.7]]);
  tracker.removeRun(again);
  expect(asked()).toEqual([['smoke-2', 0.6, 0.7]]);
  tracker.removeRun(id);
  expect(asked()).toEqual([['smoke-1', 0.6]]);
  reader.close();
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { finish, makeFolder, newRun, stage, trial, type Folder } from './folder.test-util.ts';

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

/** smoke-1 succeeded in 30 s, mfam-1 failed in 10 s, mfam-2 left by its coordinator after 5 s, smoke-2 at work. */
function fourRuns(): void {
  const { tracker } = folder;
  tracker.createRun(newRun());
  folder.nowMs += 30_000;
  tracker.endRun('smoke-1', 'succeeded');
  const mfam = { experiment: 'mfam', title: 'Levels 50 %' };
  tracker.createRun(newRun(mfam));
  folder.nowMs += 10_000;
  tracker.endRun('mfam-1', 'failed', { error: 'no space left' });
  folder.alive.set(2, 'monday');
  tracker.createRun(newRun({ ...mfam, pid: 2, resolved: { rehearsal: true } }));
  folder.nowMs += 5_000;
  tracker.heartbeatRun('mfam-2');
  folder.nowMs += 1;
  folder.alive.delete(2);
  tracker.createRun(newRun());
}

const ids = (query?: Parameters<Folder['tracker']['findRuns']>[0]): string[] =>
  folder.tracker.findRuns(query).runs.map(({ id }) => id);

test('runs are found by their status as it is shown: one whose coordinator is gone has failed', () => {
  fourRuns();
  // Creating smoke-2 has marked mfam-2; one that nobody has marked yet is found alike.
  folder.alive.delete(1);
  expect(ids({ status: 'running' })).toEqual([]);
  expect(ids({ status: 'interrupted' })).toEqual(['smoke-2', 'mfam-2']);
  expect(ids({ status: 'failed' })).toEqual(['smoke-2', 'mfam-2', 'mfam-1']);
  folder.alive.set(1, 'monday');
  expect(ids({ status: 'running' })).toEqual(['smoke-2']);
  expect(ids({ status: 'succeeded' })).toEqual(['smoke-1']);
  expect(ids({ status: 'cancelled' })).toEqual([]);
});

test('runs are searched by words of their id, title and error; signs of patterns stand for themselves', () => {
  fourRuns();
  expect(ids({ text: 'SMOKE' })).toEqual(['smoke-2', 'smoke-1']);
  expect(ids({ text: ' levels  space ' })).toEqual(['mfam-1']);
  expect(ids({ text: '50 %' })).toEqual(['mfam-2', 'mfam-1']);
  expect(ids({ text: 's%e' })).toEqual([]);
});

test('runs are sorted either way, and come in pages that say how many there are on all', () => {
  fourRuns();
  expect(ids()).toEqual(['smoke-2', 'mfam-2', 'mfam-1', 'smoke-1']);
  expect(ids({ sort: 'started', descending: false })).toEqual(['smoke-1', 'mfam-1', 'mfam-2', 'smoke-2']);
  expect(ids({ sort: 'duration' })).toEqual(['smoke-1', 'mfam-1', 'mfam-2', 'smoke-2']);
  expect(ids({ sort: 'id', descending: false })).toEqual(['mfam-1', 'mfam-2', 'smoke-1', 'smoke-2']);
  const page = folder.tracker.findRuns({ limit: 2, offset: 1 });
  expect([page.runs.map(({ id }) => id), page.total]).toEqual([['mfam-2', 'mfam-1'], 4]);
  expect(() => ids({ limit: -1 })).toThrow(/limit: expected a whole number from 0 up, got -1/);
});

test('a removed run is in no page', () => {
  fourRuns();
  folder.tracker.removeRun('mfam-1');
  expect(folder.tracker.findRuns({ text: 'mfam' })).toMatchObject({ runs: [{ id: 'mfam-2' }], total: 1 });
});

test('a listed run says how far it is and whether it is a rehearsal, through reuse, new trials and what is made again', () => {
  const { tracker } = folder;
  const shown = (id: string) => {
    const { numTrials, numFinishedTrials, numStages, numFinishedStages } = tracker.findRuns({ text: id }).runs[0]!;
    return [numTrials, numFinishedTrials, numStages, numFinishedStages];
  };
  const other = { row: 'all', seed: 1 };
  const { id } = tracker.createRun(newRun({ trials: [trial, other] }));
  tracker.upsertStages(id, [stage('d', { trials: [trial, other] }), stage('a'), stage('b', { trials: [other] })]);
  expect(shown(id)).toEqual([2, 0, 3, 0]);
  finish(tracker, id, 'd');
  finish(tracker, id, 'a');
  expect(shown(id)).toEqual([2, 1, 3, 2]);
  const third = { row: 'all', seed: 2 };
  tracker.extendRun(id, { resolved: {}, hash: 'h', trials: [trial, other, third] });
  expect(shown(id)).toEqual([3, 1, 3, 2]);
  finish(tracker, id, 'b');
  tracker.endRun(id, 'succeeded');
  // The artifact of `a` is gone, that of `d` is not.
  const next = tracker.createRun(newRun({ resolved: { rehearsal: true } })).id;
  tracker.upsertStages(next, [stage('d', { reuse: true }), stage('a')]);
  expect([shown(id), shown(next)]).toEqual([
    [3, 2, 3, 3],
    [1, 0, 2, 1],
  ]);
  expect(tracker.listRuns().map(({ isRehearsal }) => isRehearsal)).toEqual([true, false]);
});

test('trials of many runs are as those of each', () => {
  const { tracker } = folder;
  for (const key of ['a', 'b']) {
    const { id } = tracker.createRun(newRun());
    tracker.upsertStages(id, [stage(key)]);
    if (key === 'a') finish(tracker, id, key);
    tracker.endRun(id, 'cancelled');
  }
  const runs = tracker.listRuns();
  const trials = tracker.listTrials(runs);
  expect(runs.map(({ id }) => trials.get(id))).toEqual(runs.map(({ id }) => tracker.getRun(id).trials));
  expect(trials.get('smoke-1')).toMatchObject([{ status: 'succeeded' }]);
  expect(trials.get('smoke-2')).toMatchObject([{ status: 'cancelled' }]);
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { facts, makeFolder, newRun, stage, type Folder } from './folder.test-util.ts';

let folder: Folder;
let runId: string;
beforeEach(() => {
  folder = makeFolder();
  runId = folder.tracker.createRun(newRun()).id;
});
afterEach(() => folder.remove());

function join(pid: number, index = 0): void {
  folder.alive.set(pid, `start of ${pid}`);
  const instance = `instance ${pid} of ${index}`;
  folder.tracker.recordWorker(runId, { role: 'trainer', index, pid, instance });
  folder.tracker.registerWorker(runId, instance, facts);
}

const ends = () => folder.tracker.listWorkers(runId).map(({ pid, ending, endedMs }) => [pid, ending, endedMs]);

test('a worker stays with its process, what it said of itself, start and end', () => {
  join(11);
  folder.nowMs += 5000;
  folder.alive.delete(11);
  folder.tracker.endWorker(runId, 'instance 11 of 0', { ending: 'killed', reason: 'was ended by SIGKILL' });
  join(12);
  const said = { host: 'here', threads: 2, numCores: 4, numGpus: 0, engine: '{"name":"tensorflow","version":1}' };
  const worker = { role: 'trainer', index: 0, session: 1, ...said };
  expect(folder.tracker.listWorkers(runId)).toEqual([
    {
      ...worker,
      pid: 11,
      instance: 'instance 11 of 0',
      joinedMs: 1_000_000,
      endedMs: 1_005_000,
      ending: 'killed',
      reason: 'was ended by SIGKILL',
    },
    {
      ...worker,
      pid: 12,
      instance: 'instance 12 of 0',
      joinedMs: 1_005_000,
      endedMs: null,
      ending: null,
      reason: null,
    },
  ]);
  expect(folder.tracker.livingWorkers(runId).map(({ pid }) => pid)).toEqual([12]);
});

test('a process that has the number of one before is another worker', () => {
  join(11);
  folder.tracker.endWorker(runId, 'instance 11 of 0', { ending: 'finished', reason: 'ended with exit code 0' });
  folder.nowMs += 10;
  join(11, 1);
  // The end of that one was not seen.
  folder.nowMs += 10;
  join(11, 2);
  expect(ends()).toEqual([
    [11, 'finished', 1_000_000],
    [11, 'lost', 1_000_020],
    [11, null, null],
  ]);
});

test('workers that ended unseen are lost when the run goes on, since their coordinator was last heard of; others stay', () => {
  join(11);
  join(12, 1);
  folder.nowMs += 3000;
  folder.tracker.heartbeatRun(runId);
  folder.nowMs += 600_000;
  for (const pid of [1, 11]) folder.alive.delete(pid);
  folder.alive.set(2, 'tuesday');
  folder.tracker.resumeRun(runId, { pid: 2, keepAttempts: true });
  expect(ends()).toEqual([
    [11, 'lost', 1_003_000],
    [12, null, null],
  ]);
  join(13);
  expect(folder.tracker.listWorkers(runId).map(({ session }) => session)).toEqual([1, 1, 2]);
});

test('a worker is looked at where it says it is, whatever number its process has there', () => {
  for (const [pid, index] of [
    [11, 0],
    [12, 1],
  ] as const)
    join(pid, index);
  folder.tracker.registerWorker(runId, 'instance 12 of 1', { ...facts, host: 'there' });
  const { tracker } = folder;
  expect(tracker.livingWorkers(runId)).toMatchObject([{ pid: 11, hasRegistered: true }]);
  expect(tracker.listWorkers(runId).map(({ host }) => host)).toEqual(['here', 'there']);
  folder.alive.set(13, 'start of 13');
  tracker.recordWorker(runId, { role: 'trainer', index: 2, pid: 13, instance: 'starts' });
  expect(tracker.livingWorkers(runId)[1]).toMatchObject({ instance: 'starts', hasRegistered: false, engine: null });
  // The number is given again here, which tells nothing of a process elsewhere.
  folder.alive.set(12, 'later');
  tracker.recordWorker(runId, { role: 'trainer', index: 3, pid: 12, instance: 'also 12' });
  expect(ends().map(([pid, ending]) => [pid, ending])).toEqual([11, 12, 13, 12].map((pid) => [pid, null]));
});

test('an attempt says where in its log it begins and ends, and a gang when it changed', () => {
  const { tracker } = folder;
  tracker.upsertStages(runId, [stage('s')]);
  const { token } = tracker.startAttempt(runId, 's', 0, 'trainer 0', { logStart: 100 });
  const log = () => tracker.listAttempts(runId).map(({ logStart, logEnd }) => [logStart, logEnd]);
  expect(log()).toEqual([[100, null]]);
  tracker.finishItem(token, {});
  tracker.endLog(token, 250);
  expect(log()).toEqual([[100, 250]]);
  const member = { firstShard: 0, endShard: 4, attempt: 1, worker: 'trainer 0' };
  tracker.recordRoster('s', 1, [{ ...member, address: 'unix:x' }]);
  folder.nowMs += 700;
  tracker.recordRoster('s', 2, [member, { ...member, firstShard: 4, endShard: 8, attempt: 2, worker: 'trainer 1' }]);
  expect(tracker.listRosters('s')).toEqual([
    { generation: 1, atMs: 1_000_000, members: [member] },
    {
      generation: 2,
      atMs: 1_000_700,
      members: [member, { ...member, firstShard: 4, endShard: 8, attempt: 2, worker: 'trainer 1' }],
    },
  ]);
});

test('who follows events goes on after the last one it has', () => {
  const { tracker } = folder;
  const { event } = tracker.cursors();
  tracker.note(runId, 'one');
  const other = tracker.createRun(newRun()).id;
  tracker.note(runId, 'two');
  const messages = (cursor: number, options?: { runId?: string; limit?: number }) =>
    tracker.eventsAfter(cursor, options).map(({ message, id }) => [message, id]);
  expect(messages(event, { runId })).toEqual([
    ['one', event + 1],
    ['two', event + 3],
  ]);
  expect(messages(event, { limit: 2 }).map(([, id]) => id)).toEqual([event + 1, event + 2]);
  expect(messages(event + 1, { runId: other })).toHaveLength(1);
  expect(messages(tracker.cursors().event)).toEqual([]);
});

// Lines as Slurm 22.05 printed them.
import { expect, test } from 'vitest';
import {
  endOf,
  indexRanges,
  isOver,
  isRunning,
  jobName,
  leastIntervalMs,
  parseQueue,
  stateOf,
  summaryOf,
  wasRequeued,
} from './slurm-queue.ts';

const folder = '/shared/runs | 2';
const line = (start: string): string => `${start}|calm-orch:smoke-1:trainer|${folder}`;
const printed = [
  line('1|2|CANCELLED|None|2026-12-01T00:41:16|n1'),
  line('1|1|PENDING|BeginTime|2026-12-01T00:43:20|'),
  line('1|0|RUNNING|None|2026-12-01T00:41:16|n1'),
  '7|0|RUNNING|None|2026-12-01T00:41:16|n1|calm-orch:smoke-1:trainer|/home/another/runs',
  '8|N/A|RUNNING|None|2026-12-01T00:41:16|n1|calm-orch:smoke-1:trainer|/shared/runs | 2',
  '9|0|RUNNING|None|2026-12-01T00:41:16|n1|something else|/shared/runs | 2',
  '',
];
const [cancelled, pending, running] = parseQueue(printed.join('\n'), folder);

test('elements of a run folder are read, and nothing else that has their name', () => {
  expect(parseQueue(printed.join('\n'), folder).map(({ id }) => id)).toEqual(['1_2', '1_1', '1_0']);
  expect(running).toEqual({
    id: '1_0',
    role: 'trainer',
    index: 0,
    state: 'RUNNING',
    reason: 'None',
    start: '2026-12-01T00:41:16',
    nodes: 'n1',
  });
  expect(jobName('a b,c-1', 'evaluator')).toBe('calm-orch:a_b_c-1:evaluator');
});

test('an end, a requeue and a wait are told apart', () => {
  expect([cancelled, pending, running].map((element) => isOver(element!))).toEqual([true, false, false]);
  expect(endOf(cancelled!)).toEqual({ ending: 'lost', reason: 'ended: CANCELLED on n1, job 1_2' });
  expect(endOf({ ...running!, state: 'NODE_FAIL' })).toMatchObject({ ending: 'killed' });
  expect(wasRequeued(running!, pending!)).toBe(true);
  expect(wasRequeued(pending!, running!)).toBe(false);
  expect(wasRequeued(null, pending!)).toBe(false);
  expect(wasRequeued(running!, { ...running!, state: 'SUSPENDED' })).toBe(false);
  expect(wasRequeued(running!, cancelled!)).toBe(false);
  expect(isRunning({ ...running!, state: 'COMPLETING' })).toBe(true);
});

test('states are said in few words', () => {
  expect(stateOf(pending!)).toBe('PENDING (BeginTime), job 1_1');
  const more = { ...pending!, role: 'evaluator', reason: 'Resources' } as const;
  expect(summaryOf([running!, pending!, pending!, more])).toBe(
    'trainer: 1 RUNNING, 2 PENDING (BeginTime); evaluator: 1 PENDING (Resources)',
  );
});

test('indices of an array are written as ranges', () => {
  expect(indexRanges([5, 0, 2, 1])).toBe('0-2,5');
  expect(indexRanges([3])).toBe('3');
});

test('the queue is asked every ten seconds at most, with a hundred workers every thirty, with many every sixty', () => {
  expect([1, 30, 100, 150, 1000].map(leastIntervalMs)).toEqual([10_000, 10_000, 30_000, 45_000, 60_000]);
});

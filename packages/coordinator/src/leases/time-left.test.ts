import { expect, test } from 'vitest';
import { stageKinds } from '../../../cli/src/run/stage-kinds.ts';
import type { LeaseRecord } from './records.ts';
import { stageRecord, type StageRecord } from './stage-progress.ts';
import { timeLeft } from './time-left.ts';

const counts = { trainer: 2, augmentor: 1, evaluator: 1 };

function stage(kind: string, key: string, cost: number, inputs: readonly string[] = []): StageRecord {
  const planned = {
    key,
    kind,
    role: stageKinds.find((each) => each.kind === kind)!.role,
    label: key,
    cost,
    numItems: 1,
    seedPlace: 0,
    config: {},
    ingredients: {},
  };
  const named = Object.fromEntries(inputs.map((input) => [input, input]));
  const record = stageRecord({ ...planned, inputs: named, trials: [] } as never, false);
  record.queued = [0];
  return record;
}

/** Workers have been at its item for `ms`, and have done a share of it. */
function leased(record: StageRecord, ms: number, share: number, numWorkers = 1, before = 0): LeaseRecord[] {
  record.queued = [];
  record.leased.add(0);
  record.startedMs = 0;
  record.before = 0;
  record.progress.set(0, { step: 100 * share, totalSteps: 100 });
  return Array.from(
    { length: numWorkers },
    () => ({ stage: record, reported: { ms: -ms, share: before }, work: { item: 0 } }) as never,
  );
}

function done(record: StageRecord, ms: number): StageRecord {
  Object.assign(record, { state: 'succeeded', queued: [], numDone: 1, busyMs: ms, before: 0 });
  return record;
}

test('stages that follow each other take their times one after the other, whatever workers are free', () => {
  const data = stage('data', 'data', 10);
  const chain = [
    data,
    stage('finetune-comment', 'comment', 20, ['data']),
    stage('finetune-score', 'score', 30, ['comment']),
  ];
  expect(timeLeft(chain, [], counts, 0)).toBeNull();
  // Half of it took 5 s: 1 s a unit.
  expect(timeLeft(chain, leased(data, 5000, 0.5), counts, 0)).toBeCloseTo(5000 + 20_000 + 30_000);
});

test('independent stages are shared by the workers there are', () => {
  const data = done(stage('data', 'data', 10), 10_000);
  const four = ['a', 'b', 'c', 'd'].map((key) => stage('finetune-comment', key, 10, ['data']));
  expect(timeLeft([data, ...four], [], counts, 0)).toBeCloseTo(20_000);
  expect(timeLeft([data, ...four], [], { ...counts, trainer: 4 }, 0)).toBeCloseTo(10_000);
  expect(timeLeft([data, ...four], [], { ...counts, trainer: 0 }, 0)).toBeCloseTo(40_000);
});

test('a kind goes on at its own speed, and a gang shares what is left', () => {
  const data = done(stage('data', 'data', 10), 10_000);
  const first = done(stage('finetune-comment', 'first', 10, ['data']), 50_000);
  const second = stage('finetune-comment', 'second', 10, ['data']);
  const left = timeLeft([data, first, second], [], counts, 0)!;
  expect(left).toBeGreaterThan(45_000);
  expect(left).toBeLessThan(50_000);
  const both = timeLeft([data, first, second], leased(second, 12_500, 0.5, 2), counts, 0)!;
  expect(both).toBeGreaterThan(11_000);
  expect(both).toBeLessThan(14_000);
});

test('a stage that is slower than others of its kind goes on so', () => {
  const fast = done(stage('finetune-score', 'fast', 10), 10_000);
  const slow = stage('finetune-score', 'slow', 10);
  const left = timeLeft([fast, slow], leased(slow, 15_000, 0.5), counts, 0)!;
  expect(left).toBeGreaterThan(13_000);
  expect(left).toBeLessThan(15_000);
});

test('what failed, and what needs it, is not waited for', () => {
  const data = done(stage('data', 'data', 10), 10_000);
  const failed = Object.assign(stage('finetune-comment', 'failed', 10, ['data']), { state: 'failed', queued: [] });
  const skipped = Object.assign(stage('finetune-score', 'skipped', 10, ['failed']), { state: 'skipped' });
  expect(timeLeft([data, failed, skipped], [], counts, 0)).toBe(0);
});

test('what a worker had done by its first report tells nothing of its speed', () => {
  const data = stage('data', 'data', 10);
  expect(timeLeft([data], leased(data, 5000, 0.5, 1, 0.4), counts, 0)).toBeCloseTo(25_000);
  expect(timeLeft([data], leased(data, 500, 0.5), counts, 0)).toBeNull();
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, newRun, type Folder } from './folder.test-util.ts';
import { isLoadKept, maxReadings } from './load-store.ts';

let folder: Folder;
let runId: string;
beforeEach(() => {
  folder = makeFolder();
  runId = folder.tracker.createRun(newRun()).id;
});
afterEach(() => folder.remove());

const reading = { cpu: 0.5, memoryBytes: 1e9, gpu: null, gpuMemoryBytes: null };

/** As a coordinator does, for so many seconds. */
function runFor(seconds: number, first = folder.tracker.nextSecond(runId)): void {
  const { tracker } = folder;
  for (let second = first; second < first + seconds; second++) {
    folder.nowMs += 1000;
    if (isLoadKept(second)) tracker.recordLoad(runId, second, reading);
  }
}

const distances = (): Set<number> => {
  const times = folder.tracker.listLoad(runId).map(({ atMs }) => atMs);
  return new Set(times.slice(1).map((time, i) => time - times[i]!));
};

test('every second of a short run is read', () => {
  runFor(100);
  expect(folder.tracker.listLoad(runId)).toHaveLength(100);
  expect(folder.tracker.listLoad(runId)[0]).toEqual({ atMs: 1_001_000, ...reading });
  expect(distances()).toEqual(new Set([1000]));
});

test('a long run keeps at most 3,600 readings, as far apart from each other all the way', () => {
  let first = 0;
  for (const [seconds, distanceMs] of [
    [maxReadings, 1000],
    [1, 2000],
    [maxReadings - 1, 2000],
    [1, 4000],
    [9 * maxReadings, 16_000],
  ] as const) {
    runFor(seconds, first);
    first += seconds;
    expect(folder.tracker.listLoad(runId).length).toBeLessThanOrEqual(maxReadings);
    expect(distances()).toEqual(new Set([distanceMs]));
  }
  expect(folder.tracker.listLoad(runId).length).toBeGreaterThan(maxReadings / 2);
});

test('a run that is resumed goes on with its readings', () => {
  runFor(10);
  folder.nowMs += 3_600_000;
  folder.alive.delete(1);
  folder.alive.set(2, 'monday');
  folder.tracker.resumeRun(runId, { pid: 2 });
  runFor(10);
  expect(folder.tracker.listLoad(runId)).toHaveLength(20);
});

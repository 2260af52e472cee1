import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, newRun, type Folder } from './folder.test-util.ts';
import { isSampled, maxSamples } from './sample-store.ts';

let folder: Folder;
let runId: string;
beforeEach(() => {
  folder = makeFolder();
  runId = folder.tracker.createRun(newRun()).id;
});
afterEach(() => folder.remove());

const sample = { cpu: 0.5, memoryBytes: 1e9, gpu: null, gpuMemoryBytes: null };

/** As a coordinator does, for so many seconds. */
function runFor(seconds: number): void {
  const { tracker } = folder;
  const first = tracker.nextTick(runId);
  for (let tick = first; tick < first + seconds; tick++) {
    folder.nowMs += 1000;
    if (isSampled(tick)) tracker.recordSample(runId, tick, sample);
  }
}

const distances = (): Set<number> => {
  const times = folder.tracker.listSamples(runId).map(({ atMs }) => atMs);
  return new Set(times.slice(1).map((time, i) => time - times[i]!));
};

test('every second of a short run is sampled', () => {
  runFor(100);
  expect(folder.tracker.listSamples(runId)).toHaveLength(100);
  expect(folder.tracker.listSamples(runId)[0]).toEqual({ atMs: 1_001_000, ...sample });
  expect(distances()).toEqual(new Set([1000]));
});

test('a long run keeps at most 3,600 samples, as far apart from each other all the way', () => {
  for (const [seconds, distanceMs] of [
    [maxSamples, 1000],
    [1, 2000],
    [maxSamples - 1, 2000],
    [1, 4000],
    [9 * maxSamples, 16_000],
  ] as const) {
    runFor(seconds);
    expect(folder.tracker.listSamples(runId).length).toBeLessThanOrEqual(maxSamples);
    expect(distances()).toEqual(new Set([distanceMs]));
  }
  expect(folder.tracker.listSamples(runId).length).toBeGreaterThan(maxSamples / 2);
});

test('a run that is resumed goes on with its samples', () => {
  runFor(10);
  folder.nowMs += 3_600_000;
  folder.alive.delete(1);
  folder.alive.set(2, 'monday');
  folder.tracker.resumeRun(runId, { pid: 2 });
  runFor(10);
  expect(folder.tracker.listSamples(runId)).toHaveLength(20);
});

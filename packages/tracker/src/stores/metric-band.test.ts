import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, newRun, stage, type Folder } from './folder.test-util.ts';

let folder: Folder;
let runId: string;
beforeEach(() => {
  folder = makeFolder();
  runId = folder.tracker.createRun(newRun()).id;
  folder.tracker.upsertStages(runId, [stage('a'), stage('b'), stage('c')]);
});
afterEach(() => folder.remove());

function log(stageKey: string, values: readonly (readonly [step: number, value: number])[]): void {
  const { tracker } = folder;
  tracker.startAttempt(runId, stageKey, 0, 'trainer 0');
  tracker.logMetrics(values.map(([step, value]) => ({ runId, stageKey, name: 'loss', step, value })));
}

test('few steps are shown one by one: the mean over stages, and the least and the greatest of them', () => {
  log('a', [
    [0, 4],
    [10, 2],
    [20, Number.NaN],
    [30, Number.POSITIVE_INFINITY],
  ]);
  log('b', [
    [0, 2],
    [10, 1],
    [30, 0.5],
  ]);
  log('c', [[0, 100]]);
  const band = (query = {}) => folder.tracker.metricBand(['a', 'b'], 'loss', query);
  expect(band()).toEqual([
    [0, 3, 2, 4],
    [10, 1.5, 1, 2],
    [30, 0.5, 0.5, 0.5],
  ]);
  expect(band({ from: 1, to: 25 })).toEqual([[10, 1.5, 1, 2]]);
  expect(band({ from: 20, to: 20 })).toEqual([]);
  expect(folder.tracker.metricBand(['a'], 'nothing')).toEqual([]);
  expect(() => band({ parts: 0 })).toThrow(/parts/);
});

test('of many steps each point stands for a part, in which nothing is lost', () => {
  const numSteps = 10_000;
  const at = (seed: number) =>
    Array.from({ length: numSteps }, (_, step) => [step, step === 5000 && seed === 1 ? 99 : seed] as const);
  log('a', at(0));
  log('b', at(1));
  const band = folder.tracker.metricBand(['a', 'b'], 'loss', { parts: 100 });
  expect(band).toHaveLength(100);
  expect(band[0]).toEqual([99, 0.5, 0, 1]);
  expect(band[50]).toEqual([5099, (100 + 98) / 200, 0, 99]);
  expect(band.at(-1)![0]).toBe(numSteps - 1);
  expect(folder.tracker.metricBand(['a', 'b'], 'loss').length).toBeLessThanOrEqual(800);
});

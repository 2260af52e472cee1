import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, newRun, stage, type Folder } from './folder.test-util.ts';

let folder: Folder;
let runId: string;
beforeEach(() => {
  folder = makeFolder();
  runId = folder.tracker.createRun(newRun()).id;
  folder.tracker.upsertStages(runId, [stage('s', { numItems: 2 }), stage('t')]);
});
afterEach(() => folder.remove());

const loss = (step: number, value: number, more: { item?: number; name?: string; stageKey?: string } = {}) => ({
  runId,
  stageKey: 's',
  name: 'train/loss',
  step,
  value,
  ...more,
});

test('a curve is thinned to the least, the greatest and the last value of each part, and keeps its ends', () => {
  const { tracker } = folder;
  tracker.logMetrics(Array.from({ length: 100 }, (_, step) => loss(step, step === 37 ? -5 : step === 41 ? 500 : step)));
  const { numPoints, points } = tracker.metricCurve('s', 'train/loss', { parts: 4 });
  expect(numPoints).toBe(100);
  expect(points.map(([step, value]) => [step, value])).toEqual([
    [0, 0],
    [24, 24],
    [37, -5],
    [41, 500],
    [49, 49],
    [50, 50],
    [74, 74],
    [75, 75],
    [99, 99],
  ]);
});

test('a curve of few points is whole, with the times they were recorded at', () => {
  const { tracker } = folder;
  tracker.logMetrics([loss(5, 3), loss(10, Number.NaN)]);
  folder.nowMs += 500;
  tracker.logMetrics([loss(20, 1)]);
  expect(tracker.metricCurve('s', 'train/loss')).toEqual({
    numPoints: 3,
    points: [
      [5, 3, 1_000_000],
      [10, Number.NaN, 1_000_000],
      [20, 1, 1_000_500],
    ],
  });
  expect(tracker.metricCurve('s', 'train/loss', { from: 6, to: 12 }).points).toEqual([[10, Number.NaN, 1_000_000]]);
  expect(tracker.metricCurve('s', 'train/loss', { item: 1 })).toEqual({ numPoints: 0, points: [] });
  expect(tracker.metricCurve('s', 'train/loss', { from: 30 })).toEqual({ numPoints: 0, points: [] });
});

test('at most 2,400 points come of 100,000, whatever their values', () => {
  const { tracker } = folder;
  const values = Array.from({ length: 100_000 }, (_, step) => loss(step, ((step * 7919) % 1000) - 500));
  tracker.logMetrics(values);
  const { numPoints, points } = tracker.metricCurve('s', 'train/loss');
  expect(numPoints).toBe(100_000);
  expect(points.length).toBeLessThanOrEqual(2400);
  expect(points.length).toBeGreaterThan(2000);
  const steps = points.map(([step]) => step);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  expect([steps[0], steps.at(-1)]).toEqual([0, 99_999]);
  expect(() => tracker.metricCurve('s', 'train/loss', { parts: 800 })).toThrow(/parts: expected 1 to 799, got 800/);
});

test('the curves of a run are listed in order of plan, with their first and last step', () => {
  const { tracker } = folder;
  tracker.logMetrics([
    loss(3, 1, { stageKey: 't' }),
    loss(9, 1, { item: 1 }),
    loss(2, 1),
    loss(8, 1),
    loss(0, 1, { name: 'a' }),
  ]);
  tracker.logMetrics([], { runId, stageKey: 't', after: -1 });
  const curve = expect.any(Number);
  const curves = tracker.listCurves(runId);
  expect(new Set(curves.map((one) => one.curve)).size).toBe(3);
  expect(curves).toEqual([
    { curve, stageKey: 's', item: 0, name: 'a', firstStep: 0, lastStep: 0 },
    { curve, stageKey: 's', item: 0, name: 'train/loss', firstStep: 2, lastStep: 8 },
    { curve, stageKey: 's', item: 1, name: 'train/loss', firstStep: 9, lastStep: 9 },
  ]);
});

test('who follows a run is told what comes and what it replaces, in order, and nothing of other runs', () => {
  const { tracker } = folder;
  tracker.logMetrics([loss(0, 3), loss(1, 2)]);
  const { report } = tracker.cursors();
  tracker.logMetrics([loss(2, 1)]);
  // Training goes on from a checkpoint: what follows it comes again.
  tracker.logMetrics([loss(1, 2.5)], { runId, stageKey: 's', after: 0 });
  const other = tracker.createRun(newRun()).id;
  tracker.upsertStages(other, [stage('o')]);
  tracker.logMetrics([{ ...loss(0, 9), runId: other, stageKey: 'o' }]);
  const reports = tracker.metricsAfter(runId, report);
  expect(reports).toEqual([
    {
      id: report + 2,
      atMs: 1_000_000,
      replaced: { stageKey: 's', after: 0 },
      points: [
        { curve: tracker.listCurves(runId)[0]!.curve, stageKey: 's', item: 0, name: 'train/loss', step: 1, value: 2.5 },
      ],
    },
  ]);
  expect(tracker.metricsAfter(runId, reports.at(-1)!.id)).toEqual([]);
  // What was cut away takes no number with it.
  tracker.logMetrics([], { runId, stageKey: 's', after: -1 });
  expect(tracker.metricsAfter(runId, reports.at(-1)!.id)).toMatchObject([{ replaced: { after: -1 }, points: [] }]);
});

test('whole reports come until they hold as many points as were asked for', () => {
  const { tracker } = folder;
  for (const first of [0, 10, 20]) tracker.logMetrics([loss(first, 1), loss(first + 1, 1)]);
  const reports = tracker.metricsAfter(runId, 0, { limit: 3 });
  expect(reports.map(({ points }) => points.map(({ step }) => step))).toEqual([
    [0, 1],
    [10, 11],
  ]);
  expect(tracker.metricsAfter(runId, reports.at(-1)!.id)).toMatchObject([{ points: [{ step: 20 }, { step: 21 }] }]);
});

test('the export has every point once, in parts between which other calls are made', () => {
  const { tracker } = folder;
  tracker.logMetrics(Array.from({ length: 25_000 }, (_, step) => loss(step, step)));
  tracker.logMetrics([loss(7, Number.NaN, { stageKey: 't' })]);
  const steps: number[] = [];
  for (const part of tracker.exportMetrics(runId)) {
    for (const { stageKey, step } of part) if (stageKey === 's') steps.push(step);
    expect(part.length).toBeLessThanOrEqual(10_000);
    tracker.note(runId, 'meanwhile');
  }
  expect(steps).toEqual(Array.from({ length: 25_000 }, (_, step) => step));
  expect([...tracker.exportMetrics(runId)].at(-1)).toEqual([
    { stageKey: 't', item: 0, name: 'train/loss', step: 7, value: Number.NaN, atMs: 1_000_000 },
  ]);
});

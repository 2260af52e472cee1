import { expect, test } from 'vitest';
import type { Lease, WorkerLine } from '../../api/timeline.ts';
import { areaOf } from './area.ts';
import { lanesOf } from './lanes.ts';
import { span, ticksOf, type TimeAxis } from './time-axis.ts';

const at = (seconds: number): string => new Date(1000 * seconds).toISOString();
/** A pixel is a tenth of a second. */
const axis: TimeAxis = { fromMs: 0, toMs: 60_000, left: 100, right: 700 };
const worker = (name: string, joined: number, more: Partial<WorkerLine> = {}): WorkerLine => ({
  ...{ worker: name, pid: 7, host: 'here', threads: 1, joined: at(joined), ended: null, ending: null, reason: null },
  ...more,
});
const lease = (item: number, started: number, ended: number | null, more: Partial<Lease> = {}): Lease => ({
  ...{ stage: 's', item, attempt: 1, worker: 'trainer 0', status: 'succeeded', error: null },
  ...{ started: at(started), ended: ended === null ? null : at(ended) },
  ...more,
});
const labels = new Map([['s', { kind: 'finetune-score', label: 'finetune-score all' }]]);
const nothing = { workers: [], leases: [], gangs: [], labels, nowMs: 50_000 };

test('processes and leases lie where their times are; what has not ended goes on to now', () => {
  const killed = { ended: at(20), ending: 'killed', reason: 'was ended by SIGKILL' } as const;
  const leases = [
    lease(0, 10, 20, { status: 'lost', error: 'worker was ended by SIGKILL' }),
    lease(0, 25, null, { attempt: 2, status: 'running' }),
  ];
  const workers = [worker('augmentor 0', 0), worker('trainer 0', 5, killed), worker('trainer 0', 21)];
  const [lane, other] = lanesOf({ ...nothing, workers, leases }, axis);
  expect([lane!.worker, other!.worker]).toEqual(['trainer 0', 'augmentor 0']);
  expect(lane!.processes.map(({ x, width }) => [x, width])).toEqual([
    [150, 150],
    [310, 290],
  ]);
  expect(lane!.leases.map(({ x, width, status }) => [x, width, status])).toEqual([
    [200, 100, 'lost'],
    [350, 250, 'running'],
  ]);
  expect(lane!.signs.map(({ x, what }) => [x, what])).toEqual([
    [300, 'killed'],
    [300, 'lost'],
    [350, 'again'],
  ]);
});

test('a change of a gang stands in the lane of each member; what lies outside the window is left out', () => {
  const gangs = [{ stage: 's', generation: 2, at: at(30), workers: ['trainer 0', 'trainer 1'] }];
  const workers = [worker('trainer 1', 0), worker('trainer 0', 0)];
  const input = { ...nothing, workers, gangs, leases: [lease(0, 1, 2)] };
  const lanes = lanesOf(input, axis);
  expect(lanes.map((lane) => [lane.worker, lane.signs.map(({ x, what }) => [x, what])])).toEqual([
    ['trainer 0', [[400, 'gang']]],
    ['trainer 1', [[400, 'gang']]],
  ]);
  const later = lanesOf(input, { ...axis, fromMs: 40_000 });
  expect(later.flatMap(({ leases, signs }) => [...leases, ...signs])).toEqual([]);
  expect(later[0]!.processes).toHaveLength(1);
});

test('many short items of a stage are drawn as one bar, a failed one among them apart', () => {
  const leases = Array.from({ length: 1000 }, (_, i) =>
    lease(i, 0.05 * i, 0.05 * (i + 1), i === 500 ? { status: 'failed' } : {}),
  );
  const [lane] = lanesOf({ ...nothing, leases }, axis);
  expect(lane!.leases.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'succeeded']);
  const { x, width } = lane!.leases.at(-1)!;
  // No bar is narrower than a pixel.
  expect(Math.abs(x + width - 600)).toBeLessThanOrEqual(1);
});

test('moments on the axis are round times after the start, and far enough apart', () => {
  expect(ticksOf(axis, 0).map(({ x, text }) => [x, text])).toEqual([
    [100, '0 s'],
    [200, '10 s'],
    [300, '20 s'],
    [400, '30 s'],
    [500, '40 s'],
    [600, '50 s'],
    [700, '1 m'],
  ]);
  const late = ticksOf({ ...axis, fromMs: 7_205_000, toMs: 7_215_000 }, 0).map(({ text }) => text);
  expect(late).toEqual(['2 h 6 s', '2 h 8 s', '2 h 10 s', '2 h 12 s', '2 h 14 s']);
  expect([0, 999, 61_000, 3_660_000, 93_661_000].map(span)).toEqual([
    '0 s',
    '1 s',
    '1 m 1 s',
    '1 h 1 m',
    '1 d 2 h 1 m',
  ]);
});

test('of a quantity the greatest value of each pixel is drawn, and silence is a gap', () => {
  const { line, area } = areaOf(
    [
      [0, 0],
      [40, 0.5],
      [100, 0.25],
      [30_000, 1],
      [30_100, 2],
    ],
    axis,
    40,
    5000,
  );
  expect(line).toBe('M100 20.0 L101 30.0 M400 0.0 L401 0.0');
  expect(area).toBe('M100 40 L100 20.0 L101 30.0 L101 40 Z M400 40 L400 0.0 L401 0.0 L401 40 Z');
});

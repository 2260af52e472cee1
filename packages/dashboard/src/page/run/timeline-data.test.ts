import { expect, test } from 'vitest';
import type { Lease, TimelineAnswer } from '../../api/timeline.ts';
import { withNewer } from './timeline-data.ts';

const [at, later] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'];
const lease = (attempt: number, status: Lease['status']): Lease => ({
  ...{ stage: 's', item: 0, attempt, worker: 'trainer 0', status, error: null, started: at, ended: null },
});
const answer = (event: number, leases: Lease[], load: TimelineAnswer['load'] = []): TimelineAnswer => ({
  ...{ event, now: at, workers: [], leases, gangs: [], load, memoryBytes: null },
});

test('what is told again replaces what was told before, and readings are added', () => {
  const reading = { at, cpu: 0.5, memoryBytes: 1, gpu: null, gpuMemoryBytes: null };
  const old = answer(3, [lease(1, 'running')], [reading]);
  const newer = answer(5, [lease(1, 'lost'), lease(2, 'running')], [{ ...reading, at: later }]);
  const { event, leases, load } = withNewer(old, newer);
  expect(event).toBe(5);
  expect(leases.map(({ attempt, status }) => [attempt, status])).toEqual([
    [1, 'lost'],
    [2, 'running'],
  ]);
  expect(load.map((one) => one.at)).toEqual([at, later]);
});

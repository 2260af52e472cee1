// A run's timeline: whole at first, afterwards what has changed.
import { afterEach, expect, test } from 'vitest';
import { openTracker } from '@calm-orch/tracker';
import { serve, temporaryFolder, type Served } from '../served.test-util.ts';

let served: Served | undefined;
afterEach(() => served?.close());

test('workers, leases, gangs and load are told, and later what is new of them', async () => {
  const dir = temporaryFolder();
  const tracker = openTracker(dir);
  try {
    const trials = [{ row: 'all', seed: 0 }];
    const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, pid: process.pid };
    const { id } = tracker.createRun({ ...head, machine: { memoryBytes: 8e9 }, resolved: {}, trials });
    const common = { kind: 'finetune-score', role: 'trainer', config: {}, inputs: {}, trials, reuse: false } as const;
    tracker.upsertStages(id, [{ ...common, key: 'k', numItems: 2 }]);
    tracker.recordWorker(id, { role: 'trainer', index: 0, pid: process.pid, instance: 'i' });
    const facts = { host: 'here', place: '', numCores: 4, numGpus: 0, engine: null };
    tracker.registerWorker(id, 'i', { ...facts, threads: 2 });
    const first = tracker.startAttempt(id, 'k', 0, 'trainer 0');
    tracker.finishItem(first.token, {});
    const second = tracker.startAttempt(id, 'k', 1, 'trainer 0');
    const member = (worker: string, firstShard: number) => ({ worker, attempt: 1, firstShard, endShard: 8 });
    tracker.recordRoster('k', 1, [member('trainer 0', 0)]);
    tracker.recordRoster('k', 2, [member('trainer 0', 0), member('trainer 1', 4)]);
    tracker.recordRoster('k', 3, [member('trainer 1', 0)]);
    tracker.recordLoad(id, 0, { cpu: 0.5, memoryBytes: 4e9, gpu: null, gpuMemoryBytes: null });
    served = await serve(dir);
    const { json } = await served.ask('/api/runs/x-1/timeline');
    expect(json).toMatchObject({
      workers: [{ worker: 'trainer 0', pid: process.pid, threads: 2, ended: null, ending: null }],
      leases: [
        { stage: 'k', item: 0, attempt: 1, worker: 'trainer 0', status: 'succeeded' },
        { stage: 'k', item: 1, attempt: 1, status: 'running', ended: null },
      ],
      // One trainer by itself at the start is no gang.
      gangs: [
        { generation: 2, workers: ['trainer 0', 'trainer 1'] },
        { generation: 3, workers: ['trainer 1'] },
      ],
      load: [{ cpu: 0.5, memoryBytes: 4e9, gpu: null }],
      memoryBytes: 8e9,
    });

    tracker.loseAttempt(second.token, 'worker was ended by SIGKILL');
    tracker.endWorker(id, 'i', { ending: 'killed', reason: 'was ended by SIGKILL' });
    const more = `event=${json.event}&load=${Date.parse(json.load[0].at)}`;
    const next = (await served.ask(`/api/runs/x-1/timeline?${more}`)).json;
    expect(next).toMatchObject({
      workers: [{ ending: 'killed', reason: 'was ended by SIGKILL' }],
      leases: [{ item: 1, status: 'lost', error: 'worker was ended by SIGKILL' }],
      load: [],
    });
    tracker.endRun(id, 'succeeded');
    expect((await served.ask(`/api/runs/x-1/timeline?event=${next.event}`)).json.leases).toHaveLength(2);
    expect((await served.ask('/api/runs/x-1/timeline?event=-1')).status).toBe(400);
  } finally {
    tracker.close();
  }
});

import { describe, expect, it } from 'vitest';
import { computeEnvironment, workerCounts } from './worker-counts.ts';

const experiment = { trainers: 8, augmentors: 2, evaluators: 1 };

describe('worker counts', () => {
  it("caps the experiment's trainers by the cores, or by the GPUs where there are any", () => {
    expect(workerCounts(experiment, {}, { numCores: 2, numGpus: 0 }).trainer).toBe(2);
    expect(workerCounts(experiment, {}, { numCores: 64, numGpus: 4 }).trainer).toBe(4);
    expect(workerCounts(experiment, {}, { numCores: 64, numGpus: 0 }).trainer).toBe(8);
  });

  it('takes numbers of the command line as they are', () => {
    const machine = { numCores: 2, numGpus: 0 };
    expect(workerCounts(experiment, { trainers: 8, augmentors: 5 }, machine)).toEqual({
      trainer: 8,
      augmentor: 5,
      evaluator: 1,
    });
  });

  it('shares the cores among trainers, at least one thread each', () => {
    const counts = { trainer: 3, augmentor: 2, evaluator: 1 };
    const threads = (numCores: number) =>
      computeEnvironment('trainer', 0, counts, { numCores, numGpus: 0 })['TF_NUM_INTRAOP_THREADS'];
    expect([2, 8, 16].map(threads)).toEqual(['1', '2', '5']);
  });

  it('gives a trainer no more threads than its bits allow, unless the user does', () => {
    const counts = { trainer: 1, augmentor: 1, evaluator: 1 };
    const machine = { numCores: 16, numGpus: 0, maxTrainerThreads: 2 };
    const threads = (role: 'trainer' | 'augmentor', more = {}) =>
      computeEnvironment(role, 0, counts, { ...machine, ...more })['TF_NUM_INTRAOP_THREADS'];
    expect([threads('trainer'), threads('augmentor'), threads('trainer', { threads: '5' })]).toEqual(['2', '16', '5']);
  });

  it('gives trainers the GPUs in turn', () => {
    const counts = { trainer: 3, augmentor: 2, evaluator: 1 };
    const device = (index: number) =>
      computeEnvironment('trainer', index, counts, { numCores: 8, numGpus: 2 })['CUDA_VISIBLE_DEVICES'];
    expect([0, 1, 2].map(device)).toEqual(['0', '1', '0']);
    const turns = (role: 'trainer' | 'evaluator', index: number, more = {}) =>
      'CALM_ORCH_GPU_IN_TURNS' in computeEnvironment(role, index, counts, { numCores: 8, numGpus: 3, ...more });
    expect([turns('trainer', 1), turns('trainer', 2), turns('evaluator', 0)]).toEqual([false, true, true]);
    expect(turns('trainer', 2, { sharesGpus: true })).toBe(false);
    const named = { numCores: 8, numGpus: 2, gpuIds: ['5', 'GPU-8a'] };
    expect(computeEnvironment('trainer', 1, counts, named)).toMatchObject({
      CUDA_VISIBLE_DEVICES: 'GPU-8a',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    });
  });
});

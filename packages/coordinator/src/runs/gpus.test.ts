import { expect, test } from 'vitest';
import { gpuInTurns, gpuOf, sharedGpus } from './gpus.ts';

const machine = (numGpus: number) => ({ numCores: 64, numGpus });
const counts = (trainer: number, evaluator: number) => ({ trainer, augmentor: 2, evaluator });

test('trainers take the GPUs from the first on, evaluators those that are left', () => {
  expect([0, 1, 2, 3].map((index) => gpuOf('trainer', index, machine(4)))).toEqual(['0', '1', '2', '3']);
  expect([0, 1].map((index) => gpuOf('evaluator', index, machine(4)))).toEqual(['3', '2']);
  expect(sharedGpus(counts(2, 2), machine(4))).toEqual([]);
  expect(gpuOf('evaluator', 0, { ...machine(2), gpuIds: ['5', 'GPU-8a'] })).toBe('GPU-8a');
  expect(gpuOf('trainer', 0, machine(0))).toBeNull();
});

test('where all GPUs have a trainer the last is shared, whatever the number of workers', () => {
  expect(sharedGpus(counts(8, 1), machine(8))).toEqual([{ gpu: '7', workers: ['trainer 7', 'evaluator 0'] }]);
  expect(sharedGpus(counts(1, 1), machine(1))).toEqual([{ gpu: '0', workers: ['trainer 0', 'evaluator 0'] }]);
  expect(sharedGpus(counts(3, 0), machine(2))).toEqual([{ gpu: '0', workers: ['trainer 0', 'trainer 2'] }]);
  expect(sharedGpus(counts(8, 1), machine(0))).toEqual([]);
});

test('who shares a GPU computes in turns, unless they are to compute at once', () => {
  const turns = (role: 'trainer' | 'evaluator' | 'augmentor', index: number, more = {}) =>
    gpuInTurns(role, index, counts(8, 1), { ...machine(8), ...more });
  expect([turns('trainer', 7), turns('evaluator', 0)]).toEqual(['7', '7']);
  // A worker of another host has an index of its own.
  expect([turns('trainer', 6), turns('augmentor', 7), turns('trainer', 15)]).toEqual([null, null, null]);
  expect(turns('trainer', 7, { sharesGpus: true })).toBeNull();
});

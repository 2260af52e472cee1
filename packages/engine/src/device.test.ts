import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { devices, gpus, hasNvidiaDriver, maxExactThreads, numCores, padsRows, visibleGpus } from './device.ts';

test('lists the processor first, with memory and vector instructions', async () => {
  const [processor] = await devices({ PATH: '' });
  expect(processor).toMatchObject({ kind: 'cpu', name: expect.any(String), instructionSet: expect.any(String) });
  expect(numCores()).toBeGreaterThanOrEqual(1);
});

test('reads the GPUs from nvidia-smi', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-device-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const smi = join(dir, 'nvidia-smi');
  writeFileSync(smi, '#!/bin/sh\necho "NVIDIA A, 81559"\necho "NVIDIA B, 24576"\n');
  chmodSync(smi, 0o755);
  expect(hasNvidiaDriver({ PATH: dir })).toBe(true);
  expect(await gpus({ PATH: dir })).toEqual([
    { kind: 'gpu', name: 'NVIDIA A', memoryBytes: 81559 * 2 ** 20 },
    { kind: 'gpu', name: 'NVIDIA B', memoryBytes: 24576 * 2 ** 20 },
  ]);
});

test('leaves out the GPUs that CUDA_VISIBLE_DEVICES hides', () => {
  expect(visibleGpus(2, {})).toEqual(['0', '1']);
  expect(visibleGpus(4, { CUDA_VISIBLE_DEVICES: '3,GPU-8a' })).toEqual(['3', 'GPU-8a']);
  expect(visibleGpus(4, { CUDA_VISIBLE_DEVICES: '2,-1,3' })).toEqual(['2']);
  expect(visibleGpus(4, { CUDA_VISIBLE_DEVICES: '' })).toEqual([]);
});

test('fills up rows, with two threads at most, on processors without AVX-512 alone', () => {
  expect([padsRows(false, 'AVX2'), maxExactThreads(false, 'AVX2')]).toEqual([true, 2]);
  expect([padsRows(false, 'AVX-512'), maxExactThreads(false, 'AVX-512')]).toEqual([false, Infinity]);
  // Beside a GPU the processor does not compute.
  expect([padsRows(true, 'AVX2'), maxExactThreads(true, 'AVX2')]).toEqual([false, Infinity]);
});

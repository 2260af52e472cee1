import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { devices, gpus, hasNvidiaDriver, numCores } from './device.ts';

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

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLoadMeter, parseGpus } from './machine-load.ts';

test('a machine that computes is busier than none, uses memory, and without nvidia-smi has no GPU', () => {
  const meter = openLoadMeter('/nowhere/nvidia-smi');
  for (const endMs = performance.now() + 300; performance.now() < endMs;);
  const { cpu, memoryBytes, gpu, gpuMemoryBytes } = meter.read();
  expect(cpu).toBeGreaterThan(0);
  expect(cpu).toBeLessThanOrEqual(1);
  expect(memoryBytes).toBeGreaterThan(1e6);
  expect(memoryBytes).toBeLessThan(totalmem());
  expect([gpu, gpuMemoryBytes]).toEqual([null, null]);
});

test('what nvidia-smi prints is in what is read after it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-smi-'));
  try {
    const command = join(dir, 'nvidia-smi');
    writeFileSync(command, '#!/bin/sh\necho "40, 1024"\necho "60, 2048"\n');
    chmodSync(command, 0o755);
    const meter = openLoadMeter(command);
    await expect.poll(() => meter.read().gpu, { timeout: 10_000 }).toBeCloseTo(0.5);
    expect(meter.read().gpuMemoryBytes).toBe(3072 * 1024 * 1024);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a GPU that does not tell counts for nothing', () => {
  expect(parseGpus('[N/A], 512\n30, [N/A]\n')).toEqual({ gpu: 0.3, gpuMemoryBytes: 512 * 1024 * 1024 });
  expect(parseGpus('[N/A], [N/A]\n')).toEqual({ gpu: null, gpuMemoryBytes: null });
});

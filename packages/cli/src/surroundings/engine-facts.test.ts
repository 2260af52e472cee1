// A machine with GPUs, as far as a machine without one can show it: a driver that says so, and an engine folder of the CUDA
// build that nothing loads.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeEnvironment } from '../../../coordinator/src/runs/worker-counts.ts';
import { engineDir } from '@calm-orch/engine';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { engineFacts } from './engine-facts.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'calm-orch-facts-'))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const facts = () => engineFacts(() => {}, new AbortController().signal);

test.skipIf(process.platform !== 'linux')('every trainer gets a GPU of its own, with memory growth', async () => {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const smi = '#!/bin/sh\necho "NVIDIA A, 81559"\necho "NVIDIA B, 81559"\necho "NVIDIA C, 81559"\n';
  writeFileSync(join(bin, 'nvidia-smi'), smi, { mode: 0o755 });
  const folder = engineDir(join(dir, 'calm-orch'), { variant: 'gpu', source: 'wheel' });
  mkdirSync(folder, { recursive: true });
  const marker = {
    variant: 'gpu',
    source: 'wheel',
    backend: 'tensorflow',
    version: '2.20.0',
    missing: [],
    files: [],
    package: '@tensorflow/tfjs-node-gpu',
    packageVersion: '4.22.0',
    facts: { nvidia: true, pip: true, compiler: true },
  };
  writeFileSync(join(folder, 'calm-orch-engine.json'), JSON.stringify(marker));
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  vi.stubEnv('XDG_CACHE_HOME', dir);
  vi.stubEnv('CALM_ORCH_BACKEND', '');
  // The first of the three is somebody else's.
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '1,2');
  const machine = await facts();
  expect(machine).toMatchObject({
    numGpus: 2,
    gpuIds: ['1', '2'],
    identity: { backend: 'tensorflow', package: '@tensorflow/tfjs-node-gpu' },
  });
  // Nor is there a limit to their threads, on any processor.
  expect(machine).not.toHaveProperty('maxTrainerThreads');
  const counts = { trainer: 3, augmentor: 1, evaluator: 1 };
  const given = [0, 1, 2].map((index) => computeEnvironment('trainer', index, counts, machine));
  expect(given.map((env) => [env['CUDA_VISIBLE_DEVICES'], env['TF_FORCE_GPU_ALLOW_GROWTH']])).toEqual([
    ['1', 'true'],
    ['2', 'true'],
    ['1', 'true'],
  ]);
  vi.stubEnv('CALM_ORCH_BACKEND', 'wasm');
  expect(await facts()).toMatchObject({ numGpus: 0, identity: { backend: 'wasm' } });
});

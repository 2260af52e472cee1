// What is known of a GPU without one: an engine folder whose packages say what TensorFlow's CUDA build says.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { variantInfo } from './layout.ts';
import { loadEngine, usesGpu } from './load.ts';

/** Loads a CUDA build that finds a GPU, or finds none. */
async function loadCuda(isUsingGpuDevice: boolean): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-cuda-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const put = (name: string, text: string): void => {
    const file = join(dir, 'node_modules', name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  };
  const backend = JSON.stringify({ binding: { TF_Version: '2.20.0' }, isUsingGpuDevice });
  put('@tensorflow/tfjs-core/index.js', `exports.ready = async () => {}; exports.backend = () => (${backend});`);
  put('@tensorflow/tfjs-node-gpu/index.js', '');
  put('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js', '');
  await loadEngine({ dir, ...variantInfo.gpu });
}

test('the CUDA build says whether it computes on a GPU', async () => {
  expect(usesGpu).toBe(false);
  await loadCuda(true);
  expect(usesGpu).toBe(true);
  // Its libraries are missing, or CUDA_VISIBLE_DEVICES hides all.
  await loadCuda(false);
  expect(usesGpu).toBe(false);
});

// Fused operations have the same bits on every kind of processor and with any number of threads: programs that compute with
// each are started anew, since both are chosen when the engine is loaded.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createProgram, startEngine } from '@calm-orch/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { attention } from './attention.ts';
import { tokenCrossEntropy } from './layers.ts';

const engine = await startEngine();
const { kernels } = engine;

const program = fileURLToPath(new URL('./fused-bits.test-util.ts', import.meta.url));

function bitsWith(env: Record<string, string>): string {
  const args = ['--conditions=@calm-orch/source', '--import', 'tsx', program];
  return execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } }).trim();
}

it.skipIf(kernels === undefined)(
  'the same bits for AVX2, AVX-512 and any number of threads',
  { timeout: 120_000 },
  () => {
    const one = bitsWith({ TF_NUM_INTRAOP_THREADS: '1' });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(bitsWith({ TF_NUM_INTRAOP_THREADS: '3' })).toBe(one);
    expect(bitsWith({ TF_NUM_INTRAOP_THREADS: '2', ONEDNN_MAX_CPU_ISA: 'AVX2' })).toBe(one);
  },
);

it.skipIf(kernels === undefined)(
  'an operation whose result has no room in memory fails, and the next one computes',
  // TensorFlow tries for 10 s to find the room.
  { timeout: 60_000 },
  () => {
    // Attention weights of all tokens with all tokens: 256 TiB, more than any process may address.
    const tokens = 2 ** 23;
    const program = createProgram(engine, {
      variables: {},
      functions: Object.fromEntries(
        [tokens, 2].map((size) => [
          `of${size}`,
          {
            inputs: { x: { shape: [1, size, 1], dtype: 'float32' as const } },
            body: (_: unknown, { x }: Record<string, Tensor>) => ({ outputs: { y: attention(x!, x!, x!, 1) } }),
          },
        ]),
      ),
    });
    expect(() => program.run(`of${tokens}`, { x: new Float32Array(tokens) })).toThrow(/OOM/);
    expect(program.run('of2', { x: new Float32Array([1, 1]) }).y).toEqual(new Float32Array([1, 1]));
    program.dispose();
  },
);

it.skipIf(kernels === undefined)('a target that is none of the logits is an error', () => {
  const program = createProgram(engine, {
    variables: {},
    functions: {
      loss: {
        inputs: {
          logits: { shape: [2, 3], dtype: 'float32' },
          targets: { shape: [2], dtype: 'int32' },
          weights: { shape: [2], dtype: 'float32' },
        },
        body: (_, { logits, targets, weights }) => ({
          outputs: { loss: tokenCrossEntropy(logits!, targets!, weights!) },
        }),
      },
    },
  });
  const lossOf = (...targets: number[]) =>
    program.run('loss', {
      logits: new Float32Array(6),
      targets: Int32Array.from(targets),
      weights: new Float32Array([1, 1]),
    }).loss;
  expect(lossOf(0, 2)).toHaveLength(2);
  expect(() => lossOf(0, 3)).toThrow('target 3 of 3 logits');
  expect(() => lossOf(-1, 0)).toThrow('target -1 of 3 logits');
  program.dispose();
});

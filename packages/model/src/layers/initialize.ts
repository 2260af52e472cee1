// Initial weights as a function of (seed, key) alone: normal with deviation 0.02 as BERT, CLIP and LLaMA are, ones for
// gains, zeros for biases.
import { rng } from '@calm-orch/core';
import type { Shapes, Weights } from '../training/shard-gradients.ts';

/** Gains of norms. */
export const isGain = (key: string): boolean =>
  /(norm|LayerNorm|layrnorm|layer_norm\d)\.weight$/i.test(key) || key.endsWith('layernorm.weight');

/** `deviationOf` may give a key another deviation than 0.02. */
export function initialWeights(
  shapes: Shapes,
  seed: number,
  deviationOf: (key: string, shape: readonly number[]) => number = () => 0.02,
): Weights {
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const random = rng('initialize', seed, key);
      const deviation = deviationOf(key, shape);
      const values = isGain(key)
        ? new Float32Array(size).fill(1)
        : key.endsWith('.bias')
          ? new Float32Array(size)
          : Float32Array.from({ length: size }, () => random.normal(0, deviation));
      return [key, { shape, values }];
    }),
  );
}

/** 1 / sqrt(fan-in): what small models trained from nothing in minutes want. */
export function fanInDeviation(key: string, shape: readonly number[]): number {
  if (key.endsWith('query_tokens')) return 0.3;
  // Logits of a softmax: some positions count several times as much as others.
  if (key.endsWith('.pooling')) return 1;
  if (shape.length < 2 || key.includes('embed')) return 0.1;
  return 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
}

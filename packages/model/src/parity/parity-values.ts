// How far a tensor of ours is from a reference that knows every value of it, or only its shape, its sum and 16 samples.
import type { NamedTensor } from '../checkpoints/safetensors.ts';

export interface Sampled {
  readonly shape: readonly number[];
  readonly sum: number;
  /** Every (n div 16)-th of its n values. */
  readonly sample: readonly number[];
}

/** Largest difference; infinite where lengths differ, a number is none, or there is nothing to compare. */
export function maxDifference(got?: ArrayLike<number>, expected?: ArrayLike<number>): number {
  if (got === undefined || expected === undefined) return Infinity;
  let max = got.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++) max = Math.max(max, Math.abs(got[i]! - expected[i]!));
  return Number.isNaN(max) ? Infinity : max;
}

const sampleOf = (values: Float32Array): number[] =>
  Array.from({ length: 16 }, (_, i) => values[i * Math.floor(values.length / 16)]!);

/** Without `whole`, a value that no sample shows counts by the sum. */
export function sampledError({ shape, values }: NamedTensor, expected: Sampled, whole?: NamedTensor): number {
  if (shape.join() !== expected.shape.join()) return Infinity;
  const sum = values.reduce((total, x) => total + x, 0);
  return Math.max(
    maxDifference(sampleOf(values), expected.sample),
    // Roundings of n values add up to about sqrt(n) of one.
    Math.abs(sum - expected.sum) / Math.sqrt(values.length),
    whole === undefined ? 0 : maxDifference(values, whole.values),
  );
}

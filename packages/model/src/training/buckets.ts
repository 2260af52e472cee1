// Where the weights of a training step lie in its session: the flat vector of all trained parameters, in order, is cut
// into buckets, a variable each. So Adam is one operation on a small model, and no vector is as long as a large one.
import type { Tensor } from '@tensorflow/tfjs-core';
import { hasFusedOperations, tf } from '@calm-orch/engine';
import { treeSums } from '../layers/fused.ts';
import { sizeOf, treeSum, type Shapes } from './shard-gradients.ts';
import type { Slice } from './slices.ts';

/** Numbers first .. end - 1 of a parameter. */
interface Part extends Slice {
  readonly key: string;
}

/** Numbers first .. end - 1 of the flat vector: these parts, one after the other. */
export interface Bucket extends Slice {
  readonly name: string;
  /** The slice it lies in. */
  readonly rank: number;
  readonly parts: readonly Part[];
}

/** Copies of a few buckets are in memory at a time: 256 MiB were measured to cost 1 GiB more than 32. */
export const maxBucketBytes = 2 ** 27;

/**
 * The buckets of all slices, in order: at most `maxBytes` of parameters each, or one parameter that is larger. A parameter
 * lies in several only where slices cut it.
 */
export function bucketsOf(trainable: Shapes, slices: readonly Slice[], maxBytes = maxBucketBytes): Bucket[] {
  const buckets: (Bucket & { end: number; readonly parts: Part[] })[] = [];
  let offset = 0;
  for (const [key, shape] of Object.entries(trainable)) {
    const parameterEnd = offset + sizeOf(shape);
    for (let at = offset; at < parameterEnd;) {
      const rank = slices.findIndex((slice) => at < slice.end);
      const end = Math.min(parameterEnd, slices[rank]!.end);
      let bucket = buckets.at(-1);
      if (bucket?.rank !== rank || 4 * (end - bucket.first) > maxBytes)
        buckets.push((bucket = { name: `${buckets.length}`, rank, first: at, end: at, parts: [] }));
      bucket.parts.push({ key, first: at - offset, end: end - offset });
      bucket.end = at = end;
    }
    offset = parameterEnd;
  }
  return buckets;
}

/** The parameters, in order, of which the buckets hold these numbers. */
export function parametersOf(trainable: Shapes, buckets: readonly Bucket[], numbers: readonly Tensor[]): Tensor[] {
  const pieces = new Map<string, Tensor[]>(Object.keys(trainable).map((key) => [key, []]));
  buckets.forEach(({ parts }, b) => {
    const sizes = parts.map(({ first, end }) => end - first);
    const cut =
      parts.length === 1
        ? [numbers[b]!]
        : buckets.length === 1
          ? tf.split(numbers[b]!, sizes)
          : slices(numbers[b]!, sizes);
    parts.forEach(({ key }, i) => pieces.get(key)!.push(cut[i]!));
  });
  return Object.entries(trainable).map(([key, shape]) => joined(pieces.get(key)!).reshape([...shape]));
}

/** As `split`, in more operations; but slices that begin at whole vector registers share the memory of the whole. */
function slices(numbers: Tensor, sizes: readonly number[]): Tensor[] {
  let end = 0;
  return sizes.map((size) => numbers.slice([(end += size) - size], [size]));
}

/** The sums by bucket of gradients [S, ...shape] of the parameters over their shards. */
export function sumsOf(trainable: Shapes, buckets: readonly Bucket[], gradients: readonly Tensor[]): Tensor[] {
  const byKey = new Map(Object.keys(trainable).map((key, i) => [key, gradients[i]!]));
  return buckets.map(({ parts }) => {
    const columns = parts.map(({ key, first, end }) => {
      const gradient = byKey.get(key)!;
      const numShards = gradient.shape[0];
      const rows = gradient.reshape([numShards, gradient.size / numShards]);
      return end - first === rows.shape[1] ? rows : rows.slice([0, first], [numShards, end - first]);
    });
    return hasFusedOperations() ? treeSums(columns) : treeSum(joined(columns, 1));
  });
}

/** The tensors, one after the other. */
export const joined = (tensors: readonly Tensor[], axis = 0): Tensor =>
  tensors.length === 1 ? tensors[0]! : tf.concat([...tensors], axis);

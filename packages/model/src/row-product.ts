// Products of many rows with one matrix, so that a row has the same bits however many shards are computed together.
import type { Tensor } from '@tensorflow/tfjs-core';
import { instructionSet, tf } from '@calm-orch/engine';

let granule: number | undefined;

/**
 * Rows of a shard are filled up to a multiple of this. Measured on an AVX2 processor: some rows of a product get other
 * bits among 160 rows than among 20, and with another number of threads; where each shard had a multiple of 48 rows none
 * did, with 1, 2 and 3 threads. With AVX-512 rows do not depend on their number.
 */
const rowGranule = (): number => (granule ??= ['AVX2', 'AVX', 'SSE'].includes(instructionSet()) ? 48 : 1);

/** x [R, K] by w ([N, K] if transposed, else [K, N]) -> [R, N]; the rows are those of `numShards` shards, one after the other. */
export function rowProduct(x: Tensor, w: Tensor, transposed: boolean, numShards: number): Tensor {
  const [rows, width] = x.shape as [number, number];
  const perShard = rows / numShards;
  const filled = Math.ceil(perShard / rowGranule()) * rowGranule();
  if (filled === perShard || !Number.isInteger(perShard)) return tf.matMul(x, w, false, transposed);
  const padding: [number, number][] = [
    [0, 0],
    [0, filled - perShard],
    [0, 0],
  ];
  const all = x
    .reshape([numShards, perShard, width])
    .pad(padding)
    .reshape([numShards * filled, width]);
  const out = w.shape[transposed ? 0 : 1]!;
  return tf
    .matMul(all, w, false, transposed)
    .reshape([numShards, filled, out])
    .slice([0, 0, 0], [numShards, perShard, out])
    .reshape([rows, out]);
}

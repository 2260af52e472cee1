// Products of many rows with one matrix, so that a row has the same bits however many shards are computed together.
import type { Tensor } from '@tensorflow/tfjs-core';
import { padsRows, tf, usesGpu } from '@calm-orch/engine';

let isNeeded: boolean | undefined;

/**
 * Measured on an AVX2 processor: some rows of a product get other bits among 160 rows than among 20, and with another
 * number of threads. Where each shard has a multiple of 48 rows and products are over 384 numbers at most, none does with 1
 * or 2 threads (over 500 and more, with 512 and more columns, 6 % of the cases did).
 */
const rowGranule = 48;
const maxInner = 384;

/** x [R, K] by w ([N, K] if transposed, else [K, N]) -> [R, N]; the rows are those of `numShards` shards, one after the other. */
export function rowProduct(x: Tensor, w: Tensor, transposed: boolean, numShards: number): Tensor {
  const [rows, width] = x.shape as [number, number];
  const perShard = rows / numShards;
  if (!(isNeeded ??= padsRows(usesGpu)) || !Number.isInteger(perShard)) return tf.matMul(x, w, false, transposed);
  const filled = Math.ceil(perShard / rowGranule) * rowGranule;
  if (filled === perShard) return productInPieces(x, w, transposed);
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
  return productInPieces(all, w, transposed)
    .reshape([numShards, filled, out])
    .slice([0, 0, 0], [numShards, perShard, out])
    .reshape([rows, out]);
}

/** The sum of products over pieces of at most `maxInner` numbers. */
function productInPieces(x: Tensor, w: Tensor, transposed: boolean): Tensor {
  const sizes = piecesOf(x.shape[1]!);
  if (sizes.length === 1) return tf.matMul(x, w, false, transposed);
  const columns = tf.split(x, sizes, 1);
  const parts = tf.split(w, sizes, transposed ? 1 : 0);
  return columns.map((column, i) => tf.matMul(column, parts[i]!, false, transposed)).reduce((a, b) => a.add(b));
}

/** Pieces of nearly the same size, multiples of 8 but for the last. */
export function piecesOf(width: number): number[] {
  const size = Math.ceil(width / Math.ceil(width / maxInner) / 8) * 8;
  const sizes: number[] = [];
  for (let left = width; left > 0; left -= size) sizes.push(Math.min(size, left));
  return sizes;
}

import { rng } from '@calm-orch/core';
import { startEngine, tf } from '@calm-orch/engine';
import { expect, test } from 'vitest';
import { piecesOf, rowProduct } from './row-product.ts';

await startEngine();

test('pieces are nearly equal and together as wide as the product', () => {
  expect(piecesOf(16)).toEqual([16]);
  expect(piecesOf(384)).toEqual([384]);
  expect(piecesOf(500)).toEqual([256, 244]);
  expect(piecesOf(1024)).toEqual([344, 344, 336]);
});

test.each([
  [20, 96, 64],
  [48, 1024, 512],
  [80, 700, 512],
])('%i rows of a shard over %i numbers to %i have the same bits among 1, 2 and 8 shards', (perShard, width, out) => {
  const draw = rng('rows', width);
  const values = (length: number): Float32Array => Float32Array.from({ length }, () => draw.normal());
  const x = values(8 * perShard * width);
  const w = values(width * out);
  for (const transposed of [false, true]) {
    const products = [1, 2, 8].map((numShards) => {
      const rows = numShards * perShard;
      const all = new Float32Array(8 * perShard * out);
      for (let first = 0; first < 8 * perShard; first += rows)
        tf.tidy(() => {
          const part = tf.tensor(x.slice(first * width, (first + rows) * width), [rows, width]);
          const product = rowProduct(
            part,
            tf.tensor(w, transposed ? [out, width] : [width, out]),
            transposed,
            numShards,
          );
          all.set(product.dataSync(), first * out);
        });
      return Buffer.from(all.buffer);
    });
    expect(products[1]!.equals(products[0]!)).toBe(true);
    expect(products[2]!.equals(products[0]!)).toBe(true);
  }
});

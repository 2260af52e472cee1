import { expect, it } from 'vitest';
import { startEngine } from './load.ts';

const { tf } = await startEngine({ backend: 'wasm' });

it('adds rows into the segments their ids name, in their order, and leaves out negative ids', () => {
  const before = tf.memory().numTensors;
  const sums = tf.tidy(() => {
    const rows = tf.tensor2d([1, 2, 10, 20, 100, 200, 1000, 2000], [4, 2]);
    return tf.unsortedSegmentSum(rows, tf.tensor1d([2, 0, 2, -1], 'int32'), 4);
  });
  expect(sums.shape).toEqual([4, 2]);
  expect([...sums.dataSync()]).toEqual([10, 20, 0, 0, 101, 202, 0, 0]);
  sums.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('gives gather its gradient, with rows of any rank', () => {
  const table = tf.ones([3, 2, 2]);
  const [gradient] = tf.grads((x: typeof table) => tf.gather(x, tf.tensor1d([1, 1, 2], 'int32')).sum())([table]);
  expect([...gradient!.dataSync()]).toEqual([0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 1, 1]);
});

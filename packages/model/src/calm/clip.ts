// Clipping by the global norm (Pascanu et al. 2013). The squares are added in an order that depends on the shapes of the
// parameters only, so the norm has the same bits whoever computes it and on however many threads: chunks of 1024
// neighbouring numbers of one parameter, then chunks of these sums, then a binary tree.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';

const chunk = 1024;
/** As PyTorch's clip_grad_norm_: keeps a gradient of zero from dividing by zero. */
const epsilon = 1e-6;

/** Scalar: what gradients are multiplied by so that their norm is at most `maxNorm`; exactly 1 where it is already. */
export function clipFactor(gradients: readonly Tensor[], maxNorm: number): Tensor {
  const norm = squaredNorm(gradients).sqrt();
  return tf.minimum(tf.scalar(maxNorm).div(norm.add(epsilon)), tf.scalar(1));
}

/** Sum of the squares of all numbers of all tensors, a scalar. */
export function squaredNorm(tensors: readonly Tensor[]): Tensor {
  const sums = tensors.map((x) => chunkSums(x.flatten().square()));
  let all: Tensor = sums.length === 1 ? sums[0]! : tf.concat(sums);
  while (all.size > chunk) all = chunkSums(all);
  all = all.pad([[0, chunk - all.size]]);
  for (let half = chunk / 2; half >= 1; half /= 2) all = all.slice([0], [half]).add(all.slice([half], [half]));
  return all.reshape([]);
}

/** [N] -> sums of its chunks. */
function chunkSums(x: Tensor): Tensor {
  const count = Math.ceil(x.size / chunk);
  // At least two rows: a single one TensorFlow would cut up among its threads.
  const rows = Math.max(2, count);
  const padding = rows * chunk - x.size;
  const padded = padding === 0 ? x : x.pad([[0, padding]]);
  const sums = padded.reshape([rows, chunk]).sum(1);
  return rows === count ? sums : sums.slice([0], [count]);
}

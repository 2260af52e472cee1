// The layers every part of the model is made of, with hand-written gradients: fewer kernels than automatic
// differentiation would chain, and parameter gradients per shard (see parameter.ts).
// Shapes: B = batch (S shards x b samples), T = tokens, D = width, O = output width, V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { hasFusedOperations, tf, unfused } from '@calm-orch/engine';
import * as fused from './fused.ts';
import { trainable, type Parameter } from './parameter.ts';
import { rowProduct } from './row-product.ts';

interface Forward {
  readonly value: Tensor;
  /** Intermediates the gradient needs; they come back to it in this order. */
  readonly saved?: readonly Tensor[];
  readonly gradient: (dy: Tensor, ...saved: Tensor[]) => Tensor[];
}

/** tf.customGrad with the loose types it has at run time; `args` get a gradient each. */
export function custom(f: (...args: Tensor[]) => Forward, args: readonly Tensor[]): Tensor {
  type Save = (tensors: readonly Tensor[]) => void;
  const wrapped = (...all: unknown[]) => {
    const save = all[all.length - 1] as Save;
    const { value, saved = [], gradient } = f(...(all.slice(0, -1) as Tensor[]));
    save(saved);
    return { value, gradFunc: (dy: Tensor, back: Tensor[]) => gradient(dy, ...back) };
  };
  return (tf.customGrad as unknown as (g: typeof wrapped) => (...a: Tensor[]) => Tensor)(wrapped)(...args);
}

/**
 * x / sqrt(variance + epsilon), exactly rounded. TensorFlow's rsqrt rounds the last elements of a tensor (its size
 * modulo the vector width) otherwise than the rest, so a shard alone would differ in bits from a shard among eight. The
 * relu changes no value: it keeps the graph optimizer from turning x / sqrt(y) back into x * rsqrt(y).
 */
const deviation = (variance: Tensor, epsilon: number): Tensor => variance.add(epsilon).sqrt().relu();

const numRows = (x: Tensor): number => x.size / x.shape[x.rank - 1]!;

/** [..., D] -> [S, rows / S, D]: the batch is shard-major, so a shard's rows are contiguous. */
function byShard(x: Tensor, numShards: number): Tensor {
  return x.reshape([numShards, numRows(x) / numShards, x.shape[x.rank - 1]!]);
}

/**
 * Several linear maps of one input: y_i = x W_i' + b_i, weights [O, D] as PyTorch keeps them, no biases or one each.
 * Returns [..., O] for each.
 */
export function linears(
  x: Tensor,
  weights: readonly Parameter[],
  biases: readonly Parameter[],
  numShards: number,
): Tensor[] {
  if (hasFusedOperations()) return fused.linears(x, weights, biases, numShards);
  const all = joinedLinears(x, weights, biases, numShards);
  const sizes = weights.map((w) => w.base.shape[0]);
  return sizes.length === 1 ? [all] : tf.split(all, sizes, -1);
}

/** As one product: [..., O1 + O2 + ...]. */
function joinedLinears(
  x: Tensor,
  weights: readonly Parameter[],
  biases: readonly Parameter[],
  numShards: number,
): Tensor {
  const sizes = weights.map((w) => w.base.shape[0]);
  const width = x.shape[x.rank - 1]!;
  const w =
    weights.length === 1
      ? weights[0]!.base
      : tf.concat(
          weights.map((p) => p.base),
          0,
        );
  const b =
    biases.length === 0
      ? undefined
      : biases.length === 1
        ? biases[0]!.base
        : tf.concat(
            biases.map((p) => p.base),
            0,
          );
  const out = sizes.reduce((p, q) => p + q, 0);
  const forward = (input: Tensor): Forward => {
    const product = rowProduct(input.reshape([-1, width]), w, true, numShards);
    const value = (b === undefined ? product : product.add(b)).reshape([...input.shape.slice(0, -1), out]);
    const gradient = (dy: Tensor, kept: Tensor, keptW: Tensor): Tensor[] => {
      const dx = rowProduct(dy.reshape([-1, out]), keptW, false, numShards).reshape(kept.shape);
      const dySRO = byShard(dy, numShards);
      const pieces = (t: Tensor, axis: number): Tensor[] => (sizes.length === 1 ? [t] : tf.split(t, sizes, axis));
      const dw = pieces(tf.matMul(dySRO, byShard(kept, numShards), true, false), 1);
      const db = b === undefined ? [] : pieces(dySRO.sum(1), 1);
      return [dx, ...dw.filter((_, i) => weights[i]!.perShard), ...db.filter((_, i) => biases[i]!.perShard)];
    };
    return { value, saved: [input, w], gradient };
  };
  return custom(forward, [x, ...trainable(weights), ...trainable(biases)]);
}

export function linear(x: Tensor, weight: Parameter, bias: Parameter | undefined, numShards: number): Tensor {
  return linears(x, [weight], bias === undefined ? [] : [bias], numShards)[0]!;
}

/** Layer normalisation over the last axis (biased variance). */
export function layerNorm(x: Tensor, gain: Parameter, bias: Parameter, epsilon: number, numShards: number): Tensor {
  if (hasFusedOperations()) return fused.norm(x, gain, bias, epsilon, numShards);
  const forward = (input: Tensor): Forward => {
    const centred = input.sub(input.mean(-1, true));
    const scale = deviation(centred.square().mean(-1, true), epsilon);
    const normal = centred.div(scale);
    const gradient = (dy: Tensor, normal: Tensor, scale: Tensor): Tensor[] => {
      const dNormal = dy.mul(gain.base);
      const dx = dNormal
        .sub(dNormal.mean(-1, true))
        .sub(normal.mul(dNormal.mul(normal).mean(-1, true)))
        .div(scale);
      const dGain = byShard(dy.mul(normal), numShards).sum(1);
      const dBias = byShard(dy, numShards).sum(1);
      return [dx, ...(gain.perShard ? [dGain] : []), ...(bias.perShard ? [dBias] : [])];
    };
    return { value: normal.mul(gain.base).add(bias.base), saved: [normal, scale], gradient };
  };
  return custom(forward, [x, ...trainable([gain, bias])]);
}

/** Root-mean-square normalisation over the last axis (Zhang and Sennrich 2019; LLaMA). */
export function rmsNorm(x: Tensor, gain: Parameter, epsilon: number, numShards: number): Tensor {
  if (hasFusedOperations()) return fused.norm(x, gain, undefined, epsilon, numShards);
  const forward = (input: Tensor): Forward => {
    const scale = deviation(input.square().mean(-1, true), epsilon);
    const normal = input.div(scale);
    const gradient = (dy: Tensor, normal: Tensor, scale: Tensor): Tensor[] => {
      const dNormal = dy.mul(gain.base);
      const dx = dNormal.sub(normal.mul(dNormal.mul(normal).mean(-1, true))).div(scale);
      return [dx, ...(gain.perShard ? [byShard(dy.mul(normal), numShards).sum(1)] : [])];
    };
    return { value: normal.mul(gain.base), saved: [normal, scale], gradient };
  };
  return custom(forward, [x, ...trainable([gain])]);
}

/** Rows of a table [V, D] by ids [B, T] -> [B, T, D]. */
export function embedding(ids: Tensor, table: Parameter, numShards: number): Tensor {
  const [vocabulary, width] = table.base.shape as [number, number];
  const [batch, tokens] = ids.shape as [number, number];
  const forward = (): Forward => {
    const value = tf.gather(table.base, ids);
    const gradient = (dy: Tensor, keptIds: Tensor): Tensor[] => {
      // Shard s adds into rows s*V...: its own copy of the table.
      const offsets = tf.range(0, numShards, 1, 'int32').mul(tf.scalar(vocabulary, 'int32')).reshape([numShards, 1]);
      const segments = keptIds.reshape([numShards, -1]).add(offsets).flatten();
      const sums = tf.unsortedSegmentSum(dy.reshape([batch * tokens, width]), segments, numShards * vocabulary);
      return [sums.reshape([numShards, vocabulary, width])];
    };
    return { value, saved: [ids], gradient };
  };
  return table.perShard === undefined ? forward().value : custom(forward, [table.perShard]);
}

/** A parameter [1, Q, D] (or [Q, D]) given to every sample: [B, Q, D]. */
export function perSample(parameter: Parameter, batch: number, numShards: number): Tensor {
  const { base } = parameter;
  const [tokens, width] = base.shape.slice(-2) as [number, number];
  const forward = (): Forward => ({
    value: tf.tile(base.reshape([1, tokens, width]), [batch, 1, 1]),
    gradient: (dy) => [
      dy
        .reshape([numShards, batch / numShards, tokens * width])
        .sum(1)
        .reshape([numShards, ...base.shape]),
    ],
  });
  return parameter.perShard === undefined ? forward().value : custom(forward, [parameter.perShard]);
}

/** A parameter [T, D] or [D] added to x [B, T, D]. */
export function addParameter(x: Tensor, parameter: Parameter, numShards: number): Tensor {
  const { base } = parameter;
  const forward = (input: Tensor): Forward => ({
    value: input.add(base),
    gradient: (dy) => [
      dy,
      ...(parameter.perShard
        ? [
            dy
              .reshape([numShards, dy.size / base.size / numShards, base.size])
              .sum(1)
              .reshape([numShards, ...base.shape]),
          ]
        : []),
    ],
  });
  return custom(forward, [x, ...trainable([parameter])]);
}

/** x * sigmoid(1.702 x), the activation of CLIP's towers. */
export function quickGelu(x: Tensor): Tensor {
  if (hasFusedOperations()) return fused.gate('quick_gelu', x);
  return custom(
    (input) => {
      const gate = input.mul(1.702).sigmoid();
      const value = input.mul(gate);
      const gradient = (dy: Tensor, gate: Tensor, value: Tensor): Tensor[] => [
        dy.mul(gate.add(value.mul(1.702).mul(tf.scalar(1).sub(gate)))),
      ];
      return { value, saved: [gate, value], gradient };
    },
    [x],
  );
}

/** Exact GELU: x * Phi(x). */
export function gelu(x: Tensor): Tensor {
  if (hasFusedOperations()) return fused.gate('gelu', x);
  return custom(
    (input) => {
      const phi = tf.erf(input.mul(Math.SQRT1_2)).add(1).mul(0.5);
      const gradient = (dy: Tensor, input: Tensor, phi: Tensor): Tensor[] => {
        const density = input
          .square()
          .mul(-0.5)
          .exp()
          .mul(1 / Math.sqrt(2 * Math.PI));
        return [dy.mul(phi.add(input.mul(density)))];
      };
      return { value: input.mul(phi), saved: [input, phi], gradient };
    },
    [x],
  );
}

export const activations = { gelu, quick_gelu: quickGelu } as const;

/** SwiGLU: silu(gate) * up. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  if (hasFusedOperations()) return fused.swiglu(gate, up);
  return custom(
    (gate, up) => {
      // Fused to one kernel with other bits where no gradient reads the sigmoid: recomputed, a layer's output would differ.
      const sigmoid = unfused(gate.sigmoid());
      const silu = gate.mul(sigmoid);
      const gradient = (dy: Tensor, up: Tensor, sigmoid: Tensor, silu: Tensor): Tensor[] => {
        const dGate = dy.mul(up).mul(sigmoid.add(silu.mul(tf.scalar(1).sub(sigmoid))));
        return [dGate, dy.mul(silu)];
      };
      return { value: silu.mul(up), saved: [up, sigmoid, silu], gradient };
    },
    [gate, up],
  );
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  return custom(
    (input) => {
      const value = tf.softmax(input);
      const gradient = (dy: Tensor, y: Tensor): Tensor[] => [dy.sub(dy.mul(y).sum(-1, true)).mul(y)];
      return { value, saved: [value], gradient };
    },
    [x],
  );
}

/** x + c without the reductions automatic differentiation would emit for the constant. */
export function addConstant(x: Tensor, constant: Tensor): Tensor {
  return custom((input) => ({ value: input.add(constant), gradient: (dy) => [dy] }), [x]);
}

/** x * c for a constant that broadcasts to x. */
export function mulConstant(x: Tensor, constant: Tensor): Tensor {
  return custom(
    (input) => ({ value: input.mul(constant), saved: [constant], gradient: (dy, kept) => [dy.mul(kept)] }),
    [x],
  );
}

/** Identity whose gradient is multiplied by mask [B, 1, 1]: which samples may train what lies before it. */
export function maskGradient(x: Tensor, mask: Tensor): Tensor {
  return custom((input) => ({ value: input.clone(), saved: [mask], gradient: (dy, kept) => [dy.mul(kept)] }), [x]);
}

/**
 * Cross-entropy of every token: -weight_i * log softmax(logits_i)[target_i] [N], for logits [N, V], targets [N] (int32),
 * weights [N]. A mean over answer tokens has weights 1 / count on them and 0 elsewhere.
 */
export function tokenCrossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  if (hasFusedOperations()) return fused.tokenCrossEntropy(logits, targets, weights);
  const vocabulary = logits.shape[1]!;
  return custom(
    (input) => {
      const oneHot = tf.oneHot(targets as never, vocabulary).toFloat();
      const shifted = input.sub(input.max(-1, true));
      const sums = shifted.exp().sum(-1, true);
      // The log of eight copies: rows of eight fill vector registers, so a token's bits do not depend on its neighbours.
      const logSums = tf.tile(sums, [1, 8]).log().slice([0, 0], [input.shape[0], 1]);
      const value = logSums.sub(shifted.mul(oneHot).sum(-1, true)).flatten().mul(weights);
      // softmax, not exp(logSoftmax): the bits of the latter depend on how many rows are computed together.
      const gradient = (dy: Tensor, input: Tensor, oneHot: Tensor, perToken: Tensor): Tensor[] => [
        tf.softmax(input).sub(oneHot).mul(perToken.mul(dy).expandDims(-1)),
      ];
      return { value, saved: [input, oneHot, weights], gradient };
    },
    [logits],
  );
}

/** Weighted sum of cross-entropies, a scalar; see tokenCrossEntropy. */
export function crossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  return tokenCrossEntropy(logits, targets, weights).sum();
}

/** Sums of the rows of [N] shard by shard, [S], in a fixed binary tree, so that a shard's sum has the same bits alone. */
export function sumPerShard(x: Tensor, numShards: number): Tensor {
  const perShard = x.size / numShards;
  const width = 2 ** Math.ceil(Math.log2(perShard));
  return custom(
    (input) => {
      let sums = input.reshape([numShards, perShard]).pad([
        [0, 0],
        [0, width - perShard],
      ]);
      for (let half = width / 2; half >= 1; half /= 2)
        sums = sums.slice([0, 0], [numShards, half]).add(sums.slice([0, half], [numShards, half]));
      const gradient = (dy: Tensor): Tensor[] => [
        tf.tile(dy.reshape([numShards, 1]), [1, perShard]).reshape([numShards * perShard]),
      ];
      return { value: sums.reshape([numShards]), gradient };
    },
    [x],
  );
}

/** x as a constant: its gradient is zero. */
export function stopGradient(x: Tensor): Tensor {
  return custom(
    (input) => ({ value: input.clone(), saved: [input], gradient: (_, kept) => [tf.zerosLike(kept)] }),
    [x],
  );
}

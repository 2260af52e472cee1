// Attention, masked and with rotary positions, on single operations of the engine where it has none of its own.
// Shapes: B = batch, H = heads, Tq, Tk = tokens of queries and of keys, d = size of a head.
import type { Tensor } from '@tensorflow/tfjs-core';
import { hasFusedOperations, tf } from '@calm-orch/engine';
import * as fused from './fused.ts';
import { addConstant, custom, mulConstant, softmax } from './layers.ts';

export interface AttentionOptions {
  /** Query i sees the keys up to Tk - Tq + i. @default all see all */
  readonly causal?: boolean;
  /** Cosines and signed sines [Tk, d] of rotary embeddings; queries stand at the last positions. */
  readonly rotary?: { readonly cos: Tensor; readonly sin: Tensor };
  /** Heads of k and v, a divisor of numHeads (grouped-query attention). @default numHeads */
  readonly numKeyValueHeads?: number;
}

/** Scaled dot-product attention for q [B, Tq, H*d], k and v [B, Tk, Hkv*d] -> [B, Tq, H*d]. */
export function attention(q: Tensor, k: Tensor, v: Tensor, numHeads: number, options: AttentionOptions = {}): Tensor {
  if (hasFusedOperations()) return fused.attention(q, k, v, numHeads, options);
  const { causal, rotary, numKeyValueHeads = numHeads } = options;
  const headSize = q.shape[2]! / numHeads;
  const [first, keys] = [k.shape[1]! - q.shape[1]!, k.shape[1]!];
  const heads = (x: Tensor, n: number): Tensor =>
    x.reshape([x.shape[0], x.shape[1]!, n, headSize]).transpose([0, 2, 1, 3]);
  const repeat = (x: Tensor): Tensor => {
    const groups = numHeads / numKeyValueHeads;
    if (groups === 1) return x;
    const [batch, , tokens] = x.shape as [number, number, number];
    // Written out: tfjs has no gradient of tile for five dimensions.
    return custom(
      (input) => ({
        value: tf.tile(input.expandDims(2), [1, 1, groups, 1, 1]).reshape([batch, numHeads, tokens, headSize]),
        gradient: (dy) => [dy.reshape([batch, numKeyValueHeads, groups, tokens, headSize]).sum(2)],
      }),
      [x],
    );
  };
  const turned = (x: Tensor, from: number): Tensor => {
    if (rotary === undefined) return x;
    const rows = (table: Tensor): Tensor => (from === 0 ? table : table.slice([from, 0], [keys - from, headSize]));
    return turn(x, rows(rotary.cos), rows(rotary.sin));
  };
  const qh = turned(heads(q, numHeads), first).mul(1 / Math.sqrt(headSize));
  const kh = repeat(turned(heads(k, numKeyValueHeads), 0));
  const vh = repeat(heads(v, numKeyValueHeads));
  const scores = tf.matMul(qh, kh, false, true);
  const weights = softmax(causal ? addConstant(scores, causalMask(first, keys)) : scores);
  return tf
    .matMul(weights, vh)
    .transpose([0, 2, 1, 3])
    .reshape([q.shape[0], q.shape[1]!, numHeads * headSize]);
}

/** Turns x [B, H, T, d] by its positions, in the `rotate_half` layout: tables [T, d] of cosines and signed sines. */
export function turn(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const [a, b] = tf.split(x, 2, -1) as [Tensor, Tensor];
  return mulConstant(x, cos).add(mulConstant(tf.concat([b, a], -1), sin));
}

/**
 * Additive causal mask [tokens - first, tokens] for queries at positions first..tokens-1. Compared where it is needed: as a
 * constant of every layer it would be in the graph, of which protobuf takes 2 GiB.
 */
function causalMask(first: number, tokens: number): Tensor {
  const queries = tf.range(first, tokens, 1, 'int32').reshape([tokens - first, 1]);
  const keys = tf.range(0, tokens, 1, 'int32').reshape([1, tokens]);
  return tf.greater(keys, queries).toFloat().mul(-1e9);
}

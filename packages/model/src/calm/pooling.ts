// A level's tokens without a Q-Former, as a control: is it the Q-Former, or the hidden states it reads? Every position goes
// through two layers with a GELU between, as in LLaVA-1.5's projection, and each token is a weighted sum over the positions:
// attention whose weights, a softmax of learned logits, are the same whatever the photograph shows. The sums are taken before
// the second layer, which changes nothing but the arithmetic. The inner width makes as many weights as a Q-Former has, but
// for one part in a hundred.
// Shapes: B = batch, T = vision tokens seen, W = vision width, Q = tokens made, H = inner width, D = language width.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import type { LlmConfig, MfamConfig, QFormerLevel } from '@calm-orch/core';
import { activations, linear, softmax } from '../layers/layers.ts';
import type { Parameter, Parameters } from '../layers/parameter.ts';
import type { StatesSize } from '../layers/vision.ts';
import { sizeOf } from '../training/shard-gradients.ts';

/**
 * Parameter shapes of a level: pooling [1, Q, T], layers [H, W] and [D, H].
 * @param numWeights How many to come near to. H is a multiple of 8, as widths must be (docs/numerics.md).
 */
export function pooledShapes(
  config: Pick<MfamConfig, 'queries' | 'seesCls'>,
  level: QFormerLevel,
  { tokens, width }: StatesSize,
  llm: Pick<LlmConfig, 'hiddenSize'>,
  numWeights: number,
): Record<string, number[]> {
  const root = `mfam.${level}`;
  const pooling = [1, config.queries, config.seesCls ? tokens : tokens - 1];
  const inner = (numWeights - sizeOf(pooling) - llm.hiddenSize) / (width + 1 + llm.hiddenSize);
  const size = 8 * Math.max(1, Math.round(inner / 8));
  return {
    [`${root}.pooling`]: pooling,
    [`${root}.projection.0.weight`]: [size, width],
    [`${root}.projection.0.bias`]: [size],
    [`${root}.projection.2.weight`]: [llm.hiddenSize, size],
    [`${root}.projection.2.bias`]: [llm.hiddenSize],
  };
}

/**
 * Hidden state [B, T, W], without the CLS token where Q-Formers see none, -> [B, Q, D]. The sums over positions are a
 * linear map of the turned states [B, H, T]: with AVX2 a product photograph by photograph has other bits among 3
 * photographs than among 24.
 */
export function pooledTokens(parameters: Parameters, level: QFormerLevel, seen: Tensor): Tensor {
  const { numShards } = parameters;
  const get = (key: string) => parameters.get(`mfam.${level}.${key}`);
  const layer = (input: Tensor, key: string): Tensor =>
    linear(input, get(`${key}.weight`), get(`${key}.bias`), numShards);
  const turned = tf.transpose(activations.gelu(layer(seen, 'projection.0')), [0, 2, 1]);
  const sums = linear(turned, shares(get('pooling')), undefined, numShards);
  return layer(tf.transpose(sums, [0, 2, 1]), 'projection.2');
}

/** The logits [1, Q, T] as each token's shares [Q, T] of the positions. */
function shares({ base, perShard }: Parameter): Parameter {
  const [queries, positions] = base.shape.slice(1) as [number, number];
  return {
    base: softmax(base.reshape([queries, positions])),
    perShard: perShard && softmax(perShard.reshape([-1, queries, positions])),
  };
}

// CLIP's vision tower (Radford et al. 2021) with every hidden state, in Hugging Face's layout and key names.
// Shapes: B = batch, N = patches, T = N + 1 tokens (CLS first), D = width, P = patch side.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import type { VisionConfig } from '@calm-orch/core';
import { attention } from './attention.ts';
import { activations, addParameter, layerNorm, linear, linears, perSample } from './layers.ts';
import type { Parameters } from './parameter.ts';

export const visionPrefix = 'vision.vision_model';

/** Size of a photograph's hidden states, of any layer. */
export interface StatesSize {
  /** CLS first. */
  readonly tokens: number;
  readonly width: number;
}

export const statesOf = ({ imageSize, patchSize, hiddenSize }: VisionConfig): StatesSize => ({
  tokens: (imageSize / patchSize) ** 2 + 1,
  width: hiddenSize,
});

/** Parameter shapes by key. `post_layernorm` is not among them: no hidden state passes through it. */
export function visionShapes(config: VisionConfig): Record<string, number[]> {
  const { hiddenSize: d, mlpSize, patchSize, numLayers } = config;
  const { tokens } = statesOf(config);
  const shapes: Record<string, number[]> = {
    [`${visionPrefix}.embeddings.class_embedding`]: [d],
    [`${visionPrefix}.embeddings.patch_embedding.weight`]: [d, 3, patchSize, patchSize],
    [`${visionPrefix}.embeddings.position_embedding.weight`]: [tokens, d],
    [`${visionPrefix}.pre_layrnorm.weight`]: [d],
    [`${visionPrefix}.pre_layrnorm.bias`]: [d],
  };
  for (let i = 0; i < numLayers; i++) {
    const layer = `${visionPrefix}.encoder.layers.${i}`;
    for (const norm of ['layer_norm1', 'layer_norm2']) {
      shapes[`${layer}.${norm}.weight`] = [d];
      shapes[`${layer}.${norm}.bias`] = [d];
    }
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) {
      shapes[`${layer}.self_attn.${name}.weight`] = [d, d];
      shapes[`${layer}.self_attn.${name}.bias`] = [d];
    }
    shapes[`${layer}.mlp.fc1.weight`] = [mlpSize, d];
    shapes[`${layer}.mlp.fc1.bias`] = [mlpSize];
    shapes[`${layer}.mlp.fc2.weight`] = [d, mlpSize];
    shapes[`${layer}.mlp.fc2.bias`] = [d];
  }
  return shapes;
}

/**
 * Hidden states 0..L of pixels [B, 3, side, side] (CLIP-normalised), each [B, T, D]: state 0 follows pre_layrnorm, state
 * k follows layer k, and state L has not passed post_layernorm (as transformers' `hidden_states`).
 */
export function hiddenStates(
  parameters: Parameters,
  config: VisionConfig,
  pixels: Tensor,
  upTo = config.numLayers,
): Tensor[] {
  const { numShards } = parameters;
  const get = (key: string) => parameters.get(`${visionPrefix}.${key}`);
  const { patchSize: p, hiddenSize: d, numHeads, layerNormEps: eps } = config;
  const activate = activations[config.activation];
  const [batch, , side] = pixels.shape as [number, number, number];
  const grid = side / p;
  const patches = pixels
    .reshape([batch, 3, grid, p, grid, p])
    .transpose([0, 2, 4, 1, 3, 5])
    .reshape([batch, grid * grid, 3 * p * p]);
  const kernel = get('embeddings.patch_embedding.weight');
  const flat = {
    base: kernel.base.reshape([d, 3 * p * p]),
    ...(kernel.perShard && { perShard: kernel.perShard.reshape([numShards, d, 3 * p * p]) }),
  };
  const cls = get('embeddings.class_embedding');
  const clsRow = {
    base: cls.base.reshape([1, d]),
    ...(cls.perShard && { perShard: cls.perShard.reshape([numShards, 1, d]) }),
  };
  let x: Tensor = tf.concat([perSample(clsRow, batch, numShards), linear(patches, flat, undefined, numShards)], 1);
  x = addParameter(x, get('embeddings.position_embedding.weight'), numShards);
  x = layerNorm(x, get('pre_layrnorm.weight'), get('pre_layrnorm.bias'), eps, numShards);
  const states = [x];
  for (let i = 0; i < upTo; i++) {
    const of = (key: string) => get(`encoder.layers.${i}.${key}`);
    const normal = layerNorm(x, of('layer_norm1.weight'), of('layer_norm1.bias'), eps, numShards);
    const names = ['q_proj', 'k_proj', 'v_proj'];
    const [q, k, v] = linears(
      normal,
      names.map((n) => of(`self_attn.${n}.weight`)),
      names.map((n) => of(`self_attn.${n}.bias`)),
      numShards,
    ) as [Tensor, Tensor, Tensor];
    x = x.add(
      linear(attention(q, k, v, numHeads), of('self_attn.out_proj.weight'), of('self_attn.out_proj.bias'), numShards),
    );
    const second = layerNorm(x, of('layer_norm2.weight'), of('layer_norm2.bias'), eps, numShards);
    const inner = activate(linear(second, of('mlp.fc1.weight'), of('mlp.fc1.bias'), numShards));
    x = x.add(linear(inner, of('mlp.fc2.weight'), of('mlp.fc2.bias'), numShards));
    states.push(x);
  }
  return states;
}

// LLaMA (Touvron et al. 2023), the language model Vicuna is fine-tuned from, in Hugging Face's key names and RoPE layout.
// Shapes: B = batch, T = tokens, D = width, M = inner width, H = heads, d = D / H, V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import { power, type LlmConfig } from '@calm-orch/core';
import { attention, embedding, mulConstant, rmsNorm, swiglu } from './layers.ts';
import { linear, linears } from './lora.ts';
import type { Parameters } from './parameter.ts';
import { recomputed } from '../training/recompute.ts';

export function llmShapes(config: LlmConfig): Record<string, number[]> {
  const { hiddenSize: d, mlpSize, vocabSize, numLayers } = config;
  const keyValue = (d / config.numHeads) * config.numKeyValueHeads;
  const shapes: Record<string, number[]> = { 'llm.model.embed_tokens.weight': [vocabSize, d] };
  for (let i = 0; i < numLayers; i++) {
    const layer = `llm.model.layers.${i}`;
    shapes[`${layer}.input_layernorm.weight`] = [d];
    shapes[`${layer}.self_attn.q_proj.weight`] = [d, d];
    shapes[`${layer}.self_attn.k_proj.weight`] = [keyValue, d];
    shapes[`${layer}.self_attn.v_proj.weight`] = [keyValue, d];
    shapes[`${layer}.self_attn.o_proj.weight`] = [d, d];
    shapes[`${layer}.post_attention_layernorm.weight`] = [d];
    shapes[`${layer}.mlp.gate_proj.weight`] = [mlpSize, d];
    shapes[`${layer}.mlp.up_proj.weight`] = [mlpSize, d];
    shapes[`${layer}.mlp.down_proj.weight`] = [d, mlpSize];
  }
  shapes['llm.model.norm.weight'] = [d];
  shapes['llm.lm_head.weight'] = [vocabSize, d];
  return shapes;
}

export function embedTokens(parameters: Parameters, ids: Tensor): Tensor {
  return embedding(ids, parameters.get('llm.model.embed_tokens.weight'), parameters.numShards);
}

/** Turns [B, H, T, d] by its positions: RoPE in the `rotate_half` layout. */
type Rotation = (x: Tensor) => Tensor;

/** Cosines and signed sines [tokens - first, d] of positions first..tokens-1 for heads of size d. */
function rotationTables(first: number, tokens: number, headSize: number, theta: number): { cos: Tensor; sin: Tensor } {
  const half = headSize / 2;
  const rows = tokens - first;
  const angle = (t: number, j: number): number => t * power(theta, (-2 * (j % half)) / headSize);
  const table = (f: (a: number, j: number) => number): Tensor => {
    const at = (i: number): number => f(angle(first + Math.floor(i / headSize), i % headSize), i % headSize);
    return tf.tensor2d(
      Float32Array.from({ length: rows * headSize }, (_, i) => at(i)),
      [rows, headSize],
    );
  };
  // rotate_half(x) = [-x2, x1]: the sign goes with the table.
  return { cos: table(Math.cos), sin: table((a, j) => (j < half ? -Math.sin(a) : Math.sin(a))) };
}

function turn(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const [a, b] = tf.split(x, 2, -1) as [Tensor, Tensor];
  return mulConstant(x, cos).add(mulConstant(tf.concat([b, a], -1), sin));
}

/** Rotation of positions first..tokens-1 for heads of size d. */
function rotationOf(first: number, tokens: number, headSize: number, theta: number): Rotation {
  const { cos, sin } = rotationTables(first, tokens, headSize, theta);
  return (x) => turn(x, cos, sin);
}

export const rotary = { tables: rotationTables, turn, range: rotationOf } as const;

/** Additive causal mask [tokens - first, tokens] for queries at positions first..tokens-1. */
export function causalMask(first: number, tokens: number): Tensor {
  const rows = tokens - first;
  const visible = (i: number): boolean => i % tokens <= first + Math.floor(i / tokens);
  return tf.tensor2d(
    Float32Array.from({ length: rows * tokens }, (_, i) => (visible(i) ? 0 : -1e9)),
    [rows, tokens],
  );
}

/**
 * Hidden states (before the final norm) of the last `numLast` positions of embeddings [B, T, D]: [B, numLast, D]. The
 * last layer needs keys and values of all positions, but queries and the rest only where a state is asked for.
 */
export function llamaHidden(
  parameters: Parameters,
  config: LlmConfig,
  embeddings: Tensor,
  numLast = embeddings.shape[1]!,
): Tensor {
  const { numShards } = parameters;
  const { numHeads, numKeyValueHeads, rmsNormEps: eps, hiddenSize, numLayers } = config;
  const [batch, tokens] = embeddings.shape as [number, number, number];
  const headSize = hiddenSize / numHeads;
  const keyValueSize = headSize * numKeyValueHeads;
  const wholeRotation = (): Rotation => rotationOf(0, tokens, headSize, config.ropeTheta);
  // What a layer reads in the backward pass again must be made in the layer: the forward pass' tensors are gone by then.
  const shared = parameters.recomputed === undefined ? wholeRotation() : undefined;
  const layer = (i: number, input: Tensor): Tensor => {
    const get = (key: string) => parameters.get(`llm.model.layers.${i}.${key}`);
    const first = i === numLayers - 1 ? tokens - numLast : 0;
    const rotate = shared ?? wholeRotation();
    const last = (state: Tensor): Tensor =>
      first === 0 ? state : state.slice([0, first, 0], [batch, numLast, hiddenSize]);
    const normal = rmsNorm(input, get('input_layernorm.weight'), eps, numShards);
    const [qWeight, ...kvWeights] = ['q_proj', 'k_proj', 'v_proj'].map((name) => get(`self_attn.${name}.weight`));
    let q: Tensor, k: Tensor, v: Tensor;
    if (first === 0) {
      const qkv = linears(normal, [qWeight!, ...kvWeights], [], numShards);
      [q, k, v] = tf.split(qkv, [hiddenSize, keyValueSize, keyValueSize], -1) as [Tensor, Tensor, Tensor];
    } else {
      q = linear(last(normal), qWeight!, undefined, numShards);
      [k, v] = tf.split(linears(normal, kvWeights, [], numShards), 2, -1) as [Tensor, Tensor];
    }
    const attended = attention(q, k, v, numHeads, {
      mask: causalMask(first, tokens),
      rotateQueries: first === 0 ? rotate : rotationOf(first, tokens, headSize, config.ropeTheta),
      rotateKeys: rotate,
      numKeyValueHeads,
    });
    const x = last(input).add(linear(attended, get('self_attn.o_proj.weight'), undefined, numShards));
    const second = rmsNorm(x, get('post_attention_layernorm.weight'), eps, numShards);
    const gateUp = linears(second, [get('mlp.gate_proj.weight'), get('mlp.up_proj.weight')], [], numShards);
    return x.add(linear(swiglu(gateUp), get('mlp.down_proj.weight'), undefined, numShards));
  };
  let x = embeddings;
  for (let i = 0; i < numLayers; i++)
    x = recomputed(parameters, `llm.model.layers.${i}.`, x, (input) => layer(i, input));
  return x;
}

/** Logits [..., V] of hidden states [..., D]; the final norm is applied here, on the positions asked for only. */
export function logitsOf(parameters: Parameters, config: LlmConfig, hidden: Tensor): Tensor {
  const normal = rmsNorm(hidden, parameters.get('llm.model.norm.weight'), config.rmsNormEps, parameters.numShards);
  return linear(normal, parameters.get('llm.lm_head.weight'), undefined, parameters.numShards);
}

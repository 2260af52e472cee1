// LLaMA (Touvron et al. 2023), the language model Vicuna is fine-tuned from, in Hugging Face's key names and RoPE layout.
// Shapes: B = batch, T = tokens, D = width, M = inner width, H = heads, d = D / H, V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import { power, type LlmConfig } from '@calm-orch/core';
import { attention, turn } from './attention.ts';
import { embedding, rmsNorm, swiglu } from './layers.ts';
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

export const rotary = { tables: rotationTables, turn } as const;

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
  const tables = () => rotationTables(0, tokens, headSize, config.ropeTheta);
  // What a layer reads in the backward pass again must be made in the layer: the forward pass' tensors are gone by then.
  const shared = parameters.recomputed === undefined ? tables() : undefined;
  const layer = (i: number, input: Tensor): Tensor => {
    const get = (key: string) => parameters.get(`llm.model.layers.${i}.${key}`);
    const first = i === numLayers - 1 ? tokens - numLast : 0;
    const last = (state: Tensor): Tensor =>
      first === 0 ? state : state.slice([0, first, 0], [batch, numLast, hiddenSize]);
    const normal = rmsNorm(input, get('input_layernorm.weight'), eps, numShards);
    const [qWeight, ...kvWeights] = ['q_proj', 'k_proj', 'v_proj'].map((name) => get(`self_attn.${name}.weight`));
    let q: Tensor, k: Tensor, v: Tensor;
    if (first === 0) {
      [q, k, v] = linears(normal, [qWeight!, ...kvWeights], [], numShards) as [Tensor, Tensor, Tensor];
    } else {
      q = linear(last(normal), qWeight!, undefined, numShards);
      [k, v] = linears(normal, kvWeights, [], numShards) as [Tensor, Tensor];
    }
    const attended = attention(q, k, v, numHeads, { causal: true, rotary: shared ?? tables(), numKeyValueHeads });
    const x = last(input).add(linear(attended, get('self_attn.o_proj.weight'), undefined, numShards));
    const second = rmsNorm(x, get('post_attention_layernorm.weight'), eps, numShards);
    const inner = [get('mlp.gate_proj.weight'), get('mlp.up_proj.weight')];
    const [gate, up] = linears(second, inner, [], numShards) as [Tensor, Tensor];
    return x.add(linear(swiglu(gate, up), get('mlp.down_proj.weight'), undefined, numShards));
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

// LLaMA with a cache of keys and values: `prefill` reads the prompts and keeps what later tokens will look back at,
// `decode` adds one token a sample. Prompts are padded at the end, so position i of a prompt stands in slot i whatever
// its neighbours; tokens made later have slots of their own, one a step, the same for all samples.
// Shapes: B = batch, P = prompt slots, M = slots for made tokens, D = width, H = heads, K = key-value heads,
// G = H / K, d = D / H, V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import type { LlmConfig } from '@calm-orch/core';
import { attention } from '../layers/attention.ts';
import { linear, linears, rmsNorm, softmax, swiglu } from '../layers/layers.ts';
import { embedTokens, logitsOf, rotary } from '../layers/llama.ts';
import type { Parameters } from '../layers/parameter.ts';

export interface CacheSizes {
  readonly batchSize: number;
  readonly promptTokens: number;
  readonly madeTokens: number;
}

const parts = ['keys', 'values'] as const;
const cacheName = (layer: number, where: 'prompt' | 'made', part: (typeof parts)[number]): string =>
  `cache.${layer}.${where}.${part}`;

/** The variables of the cache: rotated keys and values of every layer, [B, K, P, d] and [B, K, M, d]. */
export function cacheShapes(llm: LlmConfig, { batchSize, promptTokens, madeTokens }: CacheSizes) {
  const size = llm.hiddenSize / llm.numHeads;
  const shapes: Record<string, number[]> = {};
  for (let layer = 0; layer < llm.numLayers; layer++)
    for (const part of parts) {
      shapes[cacheName(layer, 'prompt', part)] = [batchSize, llm.numKeyValueHeads, promptTokens, size];
      shapes[cacheName(layer, 'made', part)] = [batchSize, llm.numKeyValueHeads, madeTokens, size];
    }
  return shapes;
}

interface Passed {
  /** Of the token each sample goes on from, [B, V]. */
  readonly logits: Tensor;
  /** New contents of cache variables, by name. */
  readonly cache: Record<string, Tensor>;
}

const hidden = -1e9;

/** [B, T, n * d] -> [B, n, T, d] */
const heads = (x: Tensor, n: number): Tensor =>
  x.reshape([x.shape[0], x.shape[1]!, n, x.shape[2]! / n]).transpose([0, 2, 1, 3]);

/** Feed-forward half of a layer, with its residual. */
function feedForward(parameters: Parameters, llm: LlmConfig, layer: number, x: Tensor, joined: boolean): Tensor {
  const get = (key: string) => parameters.get(`llm.model.layers.${layer}.${key}`);
  const normal = rmsNorm(x, get('post_attention_layernorm.weight'), llm.rmsNormEps, 1);
  const both = [get('mlp.gate_proj.weight'), get('mlp.up_proj.weight')];
  // Joining weights copies them: worth it for a prompt's many rows, not for one token's.
  const [gate, up] = joined ? linears(normal, both, [], 1) : both.map((weight) => linear(normal, weight, undefined, 1));
  return x.add(linear(swiglu(gate!, up!), get('mlp.down_proj.weight'), undefined, 1));
}

/** Attention of one query a sample [B, K, G, d] (scaled) over pieces of the cache; masks are added to the scores. */
function lookBack(query: Tensor, pieces: readonly { keys: Tensor; values: Tensor; mask: Tensor }[]): Tensor {
  const scores = pieces.map(({ keys, mask }) => tf.matMul(query, keys, false, true).add(mask));
  const weights = softmax(scores.length === 1 ? scores[0]! : tf.concat(scores, -1));
  const sizes = scores.map((score) => score.shape[3]!);
  const split = sizes.length === 1 ? [weights] : tf.split(weights, sizes, -1);
  return split.map((weight, i) => tf.matMul(weight, pieces[i]!.values)).reduce((sum, part) => sum.add(part));
}

/** One query a sample: [B, 1, D] -> [B, K, G, d], scaled. Query head h reads key-value head h / G. */
function queryOf(x: Tensor, llm: LlmConfig, rotate: (t: Tensor) => Tensor): Tensor {
  const { numHeads, numKeyValueHeads } = llm;
  const size = llm.hiddenSize / numHeads;
  const turned = rotate(heads(x, numHeads)).mul(1 / Math.sqrt(size));
  return turned.reshape([x.shape[0], numKeyValueHeads, numHeads / numKeyValueHeads, size]);
}

/** Turns [B, n, 1, d] to positions [B]. */
function rotationAt(positions: Tensor, llm: LlmConfig, numPositions: number): (x: Tensor) => Tensor {
  const size = llm.hiddenSize / llm.numHeads;
  const tables = rotary.tables(0, numPositions, size, llm.ropeTheta);
  const [cos, sin] = [tables.cos, tables.sin].map((table) =>
    tf.gather(table, positions as never).reshape([positions.shape[0], 1, 1, size]),
  );
  return (x) => rotary.turn(x, cos!, sin!);
}

/** 0 up to the slot a prompt ends in, very negative behind it: [B, 1, 1, P]. */
function promptMask(ends: Tensor, slots: number): Tensor {
  const behind = tf.greater(tf.range(0, slots, 1, 'int32').reshape([1, slots]), ends.reshape([-1, 1]));
  return behind.toFloat().mul(hidden).reshape([ends.shape[0], 1, 1, slots]);
}

/**
 * Reads prompts: ids [B, P], image [B, P, D] and isText [B, P, 1] as in prompt.ts; `ends` [B] is each one's last slot.
 * What stands behind it is computed too, but no token looks forward, and decode masks it.
 */
export function prefill(
  parameters: Parameters,
  llm: LlmConfig,
  { ids, image, isText, ends }: { ids: Tensor; image: Tensor; isText: Tensor; ends: Tensor },
): Passed {
  const [batch, slots] = ids.shape as [number, number];
  const { hiddenSize, numHeads, numKeyValueHeads, numLayers } = llm;
  const size = hiddenSize / numHeads;
  const tables = rotary.tables(0, slots, size, llm.ropeTheta);
  const rows = tf.range(0, batch, 1, 'int32').mul(tf.scalar(slots, 'int32')).add(ends);
  const last = (x: Tensor): Tensor =>
    tf.gather(x.reshape([batch * slots, hiddenSize]), rows as never).reshape([batch, 1, hiddenSize]);
  const cache: Record<string, Tensor> = {};
  let x = embedTokens(parameters, ids).mul(isText).add(image);
  for (let layer = 0; layer < numLayers; layer++) {
    const get = (key: string) => parameters.get(`llm.model.layers.${layer}.${key}`);
    const normal = rmsNorm(x, get('input_layernorm.weight'), llm.rmsNormEps, 1);
    const isLast = layer === numLayers - 1;
    const names = isLast ? ['k_proj', 'v_proj'] : ['q_proj', 'k_proj', 'v_proj'];
    const pieces = linears(
      normal,
      names.map((name) => get(`self_attn.${name}.weight`)),
      [],
      1,
    );
    const values = heads(pieces.at(-1)!, numKeyValueHeads);
    const keys = rotary.turn(heads(pieces.at(-2)!, numKeyValueHeads), tables.cos, tables.sin);
    cache[cacheName(layer, 'prompt', 'keys')] = keys;
    cache[cacheName(layer, 'prompt', 'values')] = values;
    let attended: Tensor;
    if (isLast) {
      // Nothing reads the other positions' states of the last layer.
      x = last(x);
      const q = linear(last(normal), get('self_attn.q_proj.weight'), undefined, 1);
      const query = queryOf(q, llm, rotationAt(ends, llm, slots));
      attended = lookBack(query, [{ keys, values, mask: promptMask(ends, slots) }]).reshape([batch, 1, hiddenSize]);
    } else {
      const [q, k, v] = pieces as [Tensor, Tensor, Tensor];
      attended = attention(q, k, v, numHeads, { causal: true, rotary: tables, numKeyValueHeads });
    }
    x = x.add(linear(attended, get('self_attn.o_proj.weight'), undefined, 1));
    x = feedForward(parameters, llm, layer, x, true);
  }
  return { logits: logitsOf(parameters, llm, x).reshape([batch, llm.vocabSize]), cache };
}

/**
 * Adds one token a sample: ids [B, 1], the `step`-th made (0-based scalar), behind prompts whose last slots are `ends`
 * [B]. The token looks back at its prompt, the tokens made before it and itself.
 */
export function decode(
  parameters: Parameters,
  llm: LlmConfig,
  variables: Readonly<Record<string, Tensor>>,
  { ids, ends, step }: { ids: Tensor; ends: Tensor; step: Tensor },
): Passed {
  const batch = ids.shape[0];
  const { hiddenSize, numKeyValueHeads, numLayers } = llm;
  const slots = variables[cacheName(0, 'prompt', 'keys')]!.shape[2]!;
  const made = variables[cacheName(0, 'made', 'keys')]!.shape[2]!;
  const rotate = rotationAt(ends.add(step).add(tf.scalar(1, 'int32')), llm, slots + made);
  const madeSlots = tf.range(0, made, 1, 'int32');
  const here = tf.equal(madeSlots, step).toFloat().reshape([1, 1, made, 1]);
  const elsewhere = tf.scalar(1).sub(here);
  const ofPrompt = promptMask(ends, slots);
  const madeMask = tf.greater(madeSlots, step).toFloat().mul(hidden).reshape([1, 1, 1, made]);
  const cache: Record<string, Tensor> = {};
  let x = embedTokens(parameters, ids);
  for (let layer = 0; layer < numLayers; layer++) {
    const get = (key: string) => parameters.get(`llm.model.layers.${layer}.${key}`);
    const normal = rmsNorm(x, get('input_layernorm.weight'), llm.rmsNormEps, 1);
    const project = (name: string): Tensor => linear(normal, get(`self_attn.${name}.weight`), undefined, 1);
    const added = {
      keys: rotate(heads(project('k_proj'), numKeyValueHeads)),
      values: heads(project('v_proj'), numKeyValueHeads),
    };
    const [madeKeys, madeValues] = parts.map((part) => {
      const name = cacheName(layer, 'made', part);
      return (cache[name] = variables[name]!.mul(elsewhere).add(added[part].mul(here)));
    }) as [Tensor, Tensor];
    const prompt = (part: (typeof parts)[number]): Tensor => variables[cacheName(layer, 'prompt', part)]!;
    const attended = lookBack(queryOf(project('q_proj'), llm, rotate), [
      { keys: prompt('keys'), values: prompt('values'), mask: ofPrompt },
      { keys: madeKeys, values: madeValues, mask: madeMask },
    ]).reshape([batch, 1, hiddenSize]);
    x = x.add(linear(attended, get('self_attn.o_proj.weight'), undefined, 1));
    x = feedForward(parameters, llm, layer, x, false);
  }
  return { logits: logitsOf(parameters, llm, x).reshape([batch, llm.vocabSize]), cache };
}

// What the forward pass of a training step keeps for the backward pass: the tensors that layers.ts saves, counted one by
// one, in numbers per sample. Temporaries of the layer at work come on top and are not counted; how far that is from what a
// process really takes is in docs/plan.md.
// Shapes: T = tokens, D = width, M = inner width, H = heads, A = answer tokens, V = vocabulary, Q = queries, d = Q-Former
// width, m = its inner width, h = its heads, S = vision tokens, W = vision width.
import type { LlmConfig, MfamConfig } from '@calm-orch/core';
import type { ModelConfig } from './costs.ts';
import { pooledSize, projectorSize } from '../calm/mfam.ts';
import { statesOf } from '../layers/vision.ts';
import { patchesOf, type SampleSizes } from './sizes.ts';

/** One layer of the language model: both norms and their gains (4 TD), q, k, v and their mix (4 TD), SwiGLU (4 TM). */
function llmLayer({ hiddenSize: d, mlpSize, numHeads }: LlmConfig, tokens: number): number {
  return 8 * tokens * d + 4 * tokens * mlpSize + numHeads * tokens ** 2;
}

/** One layer of a Q-Former; its cross-attention keeps keys and values of all vision tokens. */
function qformerLayer(mfam: MfamConfig, seen: number, crosses: boolean): number {
  const { hiddenSize: d, mlpSize, numHeads, queries: q } = mfam;
  const own = 6 * q * d + numHeads * q ** 2;
  const cross = crosses ? 4 * q * d + 2 * seen * d + numHeads * q * seen : 0;
  return own + cross + 2 * q * d + 3 * q * mlpSize;
}

/** A level that is pooled: GELU (2) and its output at every position, the sums over them, and their weights. */
function pooledLevel({ vision, mfam, llm }: ModelConfig, seen: number): number {
  return (3 * seen + mfam.queries) * pooledSize(mfam, statesOf(vision), llm) + mfam.queries * seen;
}

/** Numbers kept per sample. With `recompute` a layer keeps its input, and one layer at a time is there whole. */
export function activationsPerSample(model: ModelConfig, sizes: SampleSizes, recompute: boolean): number {
  const { vision, mfam, llm } = model;
  const { tokens, answer, images } = sizes;
  const patches = patchesOf(vision, vision.imageSize);
  const seen = mfam.seesCls ? patches + 1 : patches;
  const levels = mfam.levels.filter((level) => level !== 'thematic').length;
  const layer = llmLayer(llm, tokens);
  const language = recompute ? llm.numLayers * tokens * llm.hiddenSize + layer : llm.numLayers * layer;
  const qformer = Array.from({ length: mfam.numLayers }, (_, i) =>
    qformerLayer(mfam, seen, i % mfam.crossAttentionFrequency === 0),
  ).reduce((sum, one) => sum + one, 0);
  const taps = new Set(mfam.levels.map((level) => mfam.taps[level])).size;
  const level = mfam.resampler === 'pooling' ? pooledLevel(model, seen) : qformer;
  const thematic = mfam.levels.includes('thematic') && mfam.projector === 'mlp2x_gelu';
  const projection = thematic ? 3 * patches * projectorSize(mfam, llm) : 0;
  const photographs = images * (levels * level + projection + (taps + 1) * (patches + 1) * vision.hiddenSize);
  // Logits, their targets one-hot and the softmax.
  return photographs + tokens * llm.hiddenSize + language + 3 * answer * llm.vocabSize;
}

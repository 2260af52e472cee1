// CALM: vision tokens through the MFAM, then the language model reads [prefix; image(s); suffix; answer].
// Shapes: B = batch, P = prefix, S = suffix, A = answer tokens, T = all tokens, V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import { levels as allLevels, type Level, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import { crossEntropy, sumPerShard, tokenCrossEntropy } from '../layers/layers.ts';
import { embedTokens, llamaHidden, logitsOf } from '../layers/llama.ts';
import type { Parameters } from '../layers/parameter.ts';

/** Order of an image's token groups in the sequence; levels a model lacks are left out. */
export const tokenOrder: readonly Level[] = allLevels;

export interface CalmText {
  /** [B, P], [B, S], [B, A]; int32. Answers are padded at the end; plain captions have no suffix. */
  readonly prefix: Tensor;
  readonly suffix?: Tensor;
  readonly answer: Tensor;
}

/**
 * Logits [B, A, V] of each answer position, given the answer tokens before it. `images` holds the level tokens of each
 * picture in the order they are read.
 */
export function answerLogits(
  parameters: Parameters,
  config: { readonly llm: LlmConfig; readonly mfam: Pick<MfamConfig, 'levels'> },
  images: readonly Partial<Record<Level, Tensor>>[],
  text: CalmText,
): Tensor {
  const [batch, numAnswer] = text.answer.shape as [number, number];
  const numPrefix = text.prefix.shape[1]!;
  const ids = tf.concat([text.prefix, ...(text.suffix === undefined ? [] : [text.suffix]), text.answer], 1);
  const words = embedTokens(parameters, ids);
  const [before, after] = tf.split(words, [numPrefix, ids.shape[1]! - numPrefix], 1) as [Tensor, Tensor];
  const visual = images.flatMap((image) => tokenOrder.flatMap((level) => image[level] ?? []));
  // The state before an answer token predicts it: all but the last of the last numAnswer + 1 positions.
  const sequence = tf.concat([before, ...visual, after], 1);
  const hidden = llamaHidden(parameters, config.llm, sequence, numAnswer + 1);
  const answering = hidden.slice([0, 0, 0], [batch, numAnswer, config.llm.hiddenSize]);
  return logitsOf(parameters, config.llm, answering);
}

/** Sum over answer tokens of weight x cross-entropy; weights [B, A] are 1 / count on answer tokens and 0 on padding. */
export function answerLoss(logits: Tensor, answer: Tensor, weights: Tensor): Tensor {
  const vocabulary = logits.shape[2]!;
  return crossEntropy(logits.reshape([-1, vocabulary]), answer.flatten(), weights.flatten());
}

/** The same for each shard of the batch apart, [S]; a shard's loss has the same bits whoever computes it. */
export function answerLossPerShard(logits: Tensor, answer: Tensor, weights: Tensor, numShards: number): Tensor {
  const vocabulary = logits.shape[2]!;
  const tokens = tokenCrossEntropy(logits.reshape([-1, vocabulary]), answer.flatten(), weights.flatten());
  return sumPerShard(tokens, numShards);
}

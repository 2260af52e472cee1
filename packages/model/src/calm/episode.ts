// An episode of personalized assessment: one annotator's photographs, each with the score they gave, in one sequence
// [head; lead, photograph, question, score; lead, photograph, question, score; …]. Every score is an answer that sees what
// precedes it. Texts are in episode-prompt.ts.
// Shapes: B = batch, N = photographs, I = image tokens, H, L, S, A = tokens of head, lead, question and score, D = width,
// V = vocabulary.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';
import type { Level, LlmConfig } from '@calm-orch/core';
import { tokenOrder } from './calm.ts';
import { embedTokens, llamaHidden, logitsOf } from '../layers/llama.ts';
import type { Parameters } from '../layers/parameter.ts';

/** Tokens [B * N, I, D] of all photographs of the episodes, level after level. */
export function episodeImages(tokens: Partial<Record<Level, Tensor>>): Tensor {
  return tf.concat(
    tokenOrder.flatMap((level) => tokens[level] ?? []),
    1,
  );
}

export interface EpisodeText {
  /** [B, H], [B, N * L] (absent: L = 0), [B, N * S] and [B, N * A]; int32. */
  readonly prefix: Tensor;
  readonly lead?: Tensor;
  readonly suffix: Tensor;
  readonly answer: Tensor;
}

/** Logits [B, N * A, V] of every score of the episodes; `images` [B * N, I, D] is episode after episode. */
export function episodeLogits(parameters: Parameters, config: LlmConfig, images: Tensor, text: EpisodeText): Tensor {
  const { prefix, lead, suffix, answer } = text;
  const [numTurns, , width] = images.shape as [number, number, number];
  const batch = prefix.shape[0];
  const numPhotos = numTurns / batch;
  const texts = [prefix, ...(lead ? [lead] : []), suffix, answer];
  const sizes = texts.map((ids) => ids.shape[1]!);
  const [head, ...others] = tf.split(embedTokens(parameters, tf.concat(texts, 1)), sizes, 1) as [Tensor, ...Tensor[]];
  const ofTurns = others.map((words) => words.reshape([numTurns, words.shape[1]! / numPhotos, width]));
  const numLeads = lead ? 1 : 0;
  const turn = tf.concat([...ofTurns.slice(0, numLeads), images, ...ofTurns.slice(numLeads)], 1);
  const length = turn.shape[1]!;
  const sequence = tf.concat([head, turn.reshape([batch, numPhotos * length, width])], 1);
  const hidden = llamaHidden(parameters, config, sequence, numPhotos * length);
  // The state before a token predicts it.
  const numAnswer = answer.shape[1]! / numPhotos;
  const asking = hidden
    .reshape([numTurns, length, width])
    .slice([0, length - 1 - numAnswer, 0], [-1, numAnswer, width]);
  return logitsOf(parameters, config, asking.reshape([batch, numPhotos * numAnswer, width]));
}

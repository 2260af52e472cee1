// An episode of personalized assessment: one annotator's photographs, each with the score they gave, in one sequence
// [begin; photograph, question, score; photograph, question, score; …]. Every score is an answer that sees what precedes it.
// Shapes: B = batch, N = photographs, I = image tokens, S = question tokens, D = width, V = vocabulary.
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
  /** [B, 1], [B, N * S] and [B, N]; int32. A score is one token. */
  readonly prefix: Tensor;
  readonly suffix: Tensor;
  readonly answer: Tensor;
}

/** Logits [B, N, V] of every score of the episodes; `images` [B * N, I, D] is episode after episode. */
export function episodeLogits(parameters: Parameters, config: LlmConfig, images: Tensor, text: EpisodeText): Tensor {
  const [batch, numPhotos] = text.answer.shape as [number, number];
  const [, numImage, width] = images.shape as [number, number, number];
  const numSuffix = text.suffix.shape[1]! / numPhotos;
  const ids = tf.concat([text.prefix, text.suffix, text.answer], 1);
  const words = embedTokens(parameters, ids);
  const sizes = [1, numPhotos * numSuffix, numPhotos];
  const [begin, questions, scores] = tf.split(words, sizes, 1) as [Tensor, Tensor, Tensor];
  const turn = tf.concat(
    [images, questions.reshape([batch * numPhotos, numSuffix, width]), scores.reshape([batch * numPhotos, 1, width])],
    1,
  );
  const length = numImage + numSuffix + 1;
  const sequence = tf.concat([begin, turn.reshape([batch, numPhotos * length, width])], 1);
  const hidden = llamaHidden(parameters, config, sequence, numPhotos * length);
  // The state of a question's last token predicts the score after it.
  const asking = hidden.reshape([batch * numPhotos, length, width]).slice([0, length - 2, 0], [-1, 1, width]);
  return logitsOf(parameters, config, asking.reshape([batch, numPhotos, width]));
}

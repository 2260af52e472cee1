// Tokens a training sample has, for counting what it costs.
import type { MfamConfig, TrialConfig, VisionConfig } from '@calm-orch/core';

/** Begin token, instruction and template: about what the nano preset's sentences and Vicuna's template take. */
const textTokens = { nano: 9, paper: 64 } as const;

export interface SampleSizes {
  readonly images: number;
  /** All tokens the language model reads. */
  readonly tokens: number;
  /** Those it is trained to predict. */
  readonly answer: number;
}

export const patchesOf = ({ patchSize }: VisionConfig, imageSize: number): number => (imageSize / patchSize) ** 2;

/** Tokens of one photograph in the language model's sequence. */
export function imageTokens(mfam: MfamConfig, patches: number): number {
  return mfam.levels.reduce((sum, level) => sum + (level === 'thematic' ? patches : mfam.queries), 0);
}

/** A sample of `images` photographs and an answer of `answer` tokens. */
export function sampleSizes(
  config: Pick<TrialConfig, 'preset' | 'vision' | 'mfam'>,
  answer: number,
  images = 1,
): SampleSizes {
  const read = images * imageTokens(config.mfam, patchesOf(config.vision, config.vision.imageSize));
  return { images, answer, tokens: read + textTokens[config.preset] + answer };
}

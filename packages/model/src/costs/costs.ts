// What a configuration costs before anything is computed: parameters and arithmetic per photograph. Parameters come from
// the shapes the model itself is built of; arithmetic counts matrix products only, two operations per multiplication and
// addition.
import type { LlmConfig, MfamConfig, VisionConfig } from '@calm-orch/core';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes, pooledSize, projectorSize } from '../calm/mfam.ts';
import { statesOf, visionShapes } from '../layers/vision.ts';
import { sizeOf, type Shapes } from '../training/shard-gradients.ts';
import { imageTokens, patchesOf } from './sizes.ts';

export interface ModelConfig {
  readonly vision: VisionConfig;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
}

export interface PerModule {
  readonly vision: number;
  readonly mfam: number;
  readonly llm: number;
}

const sum = (shapes: Shapes): number => Object.values(shapes).reduce((total, shape) => total + sizeOf(shape), 0);

export function parameterCounts({ vision, mfam, llm }: ModelConfig): PerModule {
  return {
    vision: sum(visionShapes(vision)),
    mfam: sum(mfamShapes(mfam, statesOf(vision), llm)),
    llm: sum(llmShapes(llm)),
  };
}

/** Operations of the MFAM for one photograph of `imageSize` pixels. */
export function mfamFlops({ vision, mfam, llm }: ModelConfig, imageSize = vision.imageSize): number {
  const patches = patchesOf(vision, imageSize);
  const wide = vision.hiddenSize;
  const d = mfam.hiddenSize;
  const q = mfam.queries;
  const seen = mfam.seesCls ? patches + 1 : patches;
  const levels = mfam.levels.filter((level) => level !== 'thematic').length;
  const crossLayers = Math.ceil(mfam.numLayers / mfam.crossAttentionFrequency);
  const qformer =
    mfam.numLayers * (q * (4 * d * d + 2 * d * mfam.mlpSize) + 2 * q * q * d) +
    crossLayers * (2 * q * d * d + 2 * seen * wide * d + 2 * q * seen * d) +
    q * d * llm.hiddenSize;
  const pooling = pooledSize(mfam, statesOf(vision), llm) * (seen * wide + q * seen + q * llm.hiddenSize);
  const thematic = mfam.levels.includes('thematic') ? patches : 0;
  const projection =
    mfam.projector === 'mlp2x_gelu' ? projectorSize(mfam, llm) * (wide + llm.hiddenSize) : wide * llm.hiddenSize;
  return 2 * (levels * (mfam.resampler === 'pooling' ? pooling : qformer) + thematic * projection);
}

/** Operations of one pass of the language model over `tokens`, with logits of `predicted` of them. */
export function languageFlops(llm: LlmConfig, tokens: number, predicted = 0): number {
  const width = llm.hiddenSize;
  const keyValue = (width / llm.numHeads) * llm.numKeyValueHeads;
  const perToken = 2 * width * width + 2 * width * keyValue + 3 * width * llm.mlpSize;
  const layers = llm.numLayers * (tokens * perToken + 2 * tokens * tokens * width);
  return 2 * (layers + predicted * width * llm.vocabSize);
}

/** Operations to read one photograph of `imageSize` pixels: the ViT, the MFAM, and the language model over its tokens. */
export function flopsPerImage(model: ModelConfig, imageSize = model.vision.imageSize): PerModule {
  const { vision, mfam, llm } = model;
  const patches = patchesOf(vision, imageSize);
  const tokens = patches + 1;
  const wide = vision.hiddenSize;
  return {
    vision:
      2 *
      (patches * 3 * vision.patchSize ** 2 * wide +
        vision.numLayers * (tokens * (4 * wide * wide + 2 * wide * vision.mlpSize) + 2 * tokens * tokens * wide)),
    mfam: mfamFlops(model, imageSize),
    llm: languageFlops(llm, imageTokens(mfam, patches)),
  };
}

// What a configuration costs before anything is computed: parameters, arithmetic per photograph and bytes of training
// state per GPU. Parameters come from the shapes the model itself is built of; arithmetic counts matrix products only,
// two operations per multiplication and addition.
import type { LlmConfig, MfamConfig, VisionConfig } from '@calm-orch/core';
import { llmShapes } from '../llama.ts';
import { mfamShapes } from '../mfam.ts';
import { visionShapes } from '../vision.ts';
import { sizeOf, type Shapes } from '../shard-gradients.ts';

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
  return { vision: sum(visionShapes(vision)), mfam: sum(mfamShapes(mfam, vision, llm)), llm: sum(llmShapes(llm)) };
}

/** Operations to read one photograph of `imageSize` pixels: the ViT, the MFAM, and the language model over its tokens. */
export function flopsPerImage({ vision, mfam, llm }: ModelConfig, imageSize = vision.imageSize): PerModule {
  const patches = (imageSize / vision.patchSize) ** 2;
  const tokens = patches + 1;
  const wide = vision.hiddenSize;
  const d = mfam.hiddenSize;
  const q = mfam.queries;
  const seen = mfam.seesCls ? tokens : patches;
  const qformers = mfam.levels.filter((level) => level !== 'thematic').length;
  const crossLayers = Math.ceil(mfam.numLayers / mfam.crossAttentionFrequency);
  const qformer =
    mfam.numLayers * (q * (4 * d * d + 2 * d * mfam.mlpSize) + 2 * q * q * d) +
    crossLayers * (2 * q * d * d + 2 * seen * wide * d + 2 * q * seen * d) +
    q * d * llm.hiddenSize;
  const thematic = mfam.levels.includes('thematic') ? patches : 0;
  const read = thematic + qformers * q;
  const width = llm.hiddenSize;
  const keyValue = (width / llm.numHeads) * llm.numKeyValueHeads;
  const perToken = 2 * width * width + 2 * width * keyValue + 3 * width * llm.mlpSize;
  return {
    vision:
      2 *
      (patches * 3 * vision.patchSize ** 2 * wide +
        vision.numLayers * (tokens * (4 * wide * wide + 2 * wide * vision.mlpSize) + 2 * tokens * tokens * wide)),
    mfam: 2 * (qformers * qformer + thematic * wide * width),
    llm: 2 * llm.numLayers * (read * perToken + 2 * read * read * width),
  };
}

export interface StateBytes {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
}

/**
 * Training state of one GPU in full fine-tuning, float32: Adam's two moments whole on every GPU (`replicated`), or
 * each GPU with its share of them (`partitioned`). The frozen ViT is not there while training: its states are read
 * from disk. Activations come on top.
 */
export function fullTrainingBytes(config: ModelConfig, gpus: number): Record<'replicated' | 'partitioned', StateBytes> {
  const { mfam, llm } = parameterCounts(config);
  const bytes = 4 * (mfam + llm);
  const state = { weights: bytes, gradients: bytes };
  return {
    replicated: { ...state, optimizer: 2 * bytes },
    partitioned: { ...state, optimizer: (2 * bytes) / gpus },
  };
}

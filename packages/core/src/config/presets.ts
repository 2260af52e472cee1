// The two presets. `nano` is sized for two CPU cores and minutes; `paper` has the sizes of section 4.1 (CLIP
// ViT-L/14, Vicuna-7B) with the defaults documented in docs/model.md where the paper is silent.
import type { TrialConfig } from './schema.ts';

/** A preset leaves out what an experiment or trial supplies. */
export type Preset = Omit<TrialConfig, 'preset' | 'seed'>;

export const nano: Preset = {
  data: {
    source: 'studio',
    imageSize: 64,
    numTrain: 2000,
    numTest: 500,
    numUnlabeled: 2000,
    numGeneric: 2000,
    unlabeledDir: null,
    seed: 0,
  },
  foundation: { checkpoint: 'assets/foundation-nano.safetensors' },
  vision: {
    imageSize: 64,
    patchSize: 8,
    hiddenSize: 96,
    numLayers: 6,
    numHeads: 4,
    mlpSize: 384,
    activation: 'quick_gelu',
    layerNormEps: 1e-5,
  },
  mfam: {
    levels: ['thematic', 'high', 'middle', 'low'],
    taps: { low: 1, middle: 3, high: 6, thematic: 6 },
    queries: 8,
    hiddenSize: 64,
    numHeads: 4,
    numLayers: 2,
    mlpSize: 128,
    crossAttentionFrequency: 1,
    layerNormEps: 1e-12,
    activation: 'gelu',
    seesCls: true,
    standardizeTaps: true,
    initializer: 'fan_in',
  },
  llm: {
    hiddenSize: 64,
    numLayers: 2,
    numHeads: 4,
    numKeyValueHeads: 4,
    mlpSize: 176,
    vocabSize: 256,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 256,
  },
  augment: { groups: ['quality', 'color', 'subject'], maxSimultaneous: 3, seed: 0 },
  // Peak rates: the paper's 1e-3 for pre-training; in fine-tuning 3e-3 and 1.5e-3 instead of 2.5e-5 and 7e-5, because here
  // the language model is small and has some hundreds of steps instead of thousands to learn in.
  pretrainSsl: { steps: 400, batchSize: 32, peakLearningRate: 1e-3, warmupFraction: 0.03 },
  pretrainGeneric: { steps: 200, batchSize: 32, peakLearningRate: 1e-3, warmupFraction: 0.03 },
  finetuneComment: { steps: 400, batchSize: 32, peakLearningRate: 3e-3, warmupFraction: 0.03 },
  finetuneScore: { steps: 1200, batchSize: 32, peakLearningRate: 1.5e-3, warmupFraction: 0.03 },
  train: {
    ...{ stepShards: 8, checkpointEverySeconds: 10, optimizer: 'replicated' as const },
    ...{ maxGradientNorm: null, weightDecay: 0, accumulation: 1, recompute: false },
  },
  finetune: 'full',
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] },
  evaluate: { batchSize: 50, scores: true, numComments: 0, maxCommentTokens: 24, scoreReadout: 'text' },
  scoreAnswer: 'number',
  scorePrefix: '',
  // Whole numbers: in so few steps decimals are noise that drowns the digit that matters (docs/foundation.md).
  scoreDecimals: 0,
};

export const paper: Preset = {
  data: { ...nano.data, imageSize: 560 },
  foundation: { checkpoint: 'checkpoints/clip-vicuna' },
  vision: {
    imageSize: 224,
    patchSize: 14,
    hiddenSize: 1024,
    numLayers: 24,
    numHeads: 16,
    mlpSize: 4096,
    activation: 'quick_gelu',
    layerNormEps: 1e-5,
  },
  mfam: {
    levels: ['thematic', 'high', 'middle', 'low'],
    taps: { low: 4, middle: 12, high: 24, thematic: 23 },
    queries: 32,
    hiddenSize: 768,
    numHeads: 12,
    numLayers: 2,
    mlpSize: 3072,
    crossAttentionFrequency: 1,
    layerNormEps: 1e-12,
    activation: 'gelu',
    seesCls: false,
    standardizeTaps: false,
    initializer: 'bert',
  },
  llm: {
    hiddenSize: 4096,
    numLayers: 32,
    numHeads: 32,
    numKeyValueHeads: 32,
    mlpSize: 11008,
    vocabSize: 32000,
    rmsNormEps: 1e-5,
    ropeTheta: 10000,
    maxPositions: 4096,
  },
  augment: nano.augment,
  pretrainSsl: { steps: 1797, batchSize: 256, peakLearningRate: 1e-3, warmupFraction: 0.03 },
  pretrainGeneric: { steps: 2579, batchSize: 256, peakLearningRate: 1e-3, warmupFraction: 0.03 },
  finetuneComment: { steps: 8203, batchSize: 128, peakLearningRate: 2.5e-5, warmupFraction: 0.03 },
  finetuneScore: { steps: 1841, batchSize: 128, peakLearningRate: 7e-5, warmupFraction: 0.03 },
  train: { ...nano.train, checkpointEverySeconds: 600 },
  finetune: 'full',
  lora: nano.lora,
  evaluate: { batchSize: 16, scores: true, numComments: 9361, maxCommentTokens: 64, scoreReadout: 'text' },
  scoreAnswer: 'number',
  scorePrefix: '',
  scoreDecimals: 2,
};

export const presets = { nano, paper } as const;

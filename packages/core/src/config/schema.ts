// The one schema of an experiment's resolved configuration. Unknown keys fail; defaults of the two presets are in
// presets.ts. Everything here may be overridden by `set:` in an experiment, by the rows of an ablation and by
// `--set key=value`.
import { z } from 'zod';

export const levels = ['thematic', 'high', 'middle', 'low'] as const;
export const qformerLevels = ['high', 'middle', 'low'] as const;
export const augmentationGroups = ['quality', 'color', 'subject'] as const;
export type Level = (typeof levels)[number];
export type QFormerLevel = (typeof qformerLevels)[number];
export type AugmentationGroup = (typeof augmentationGroups)[number];

const size = z.int().positive();
const count = z.int().nonnegative();
const rate = z.number().positive();

export const dataSchema = z.strictObject({
  /** `studio` is the embedded data, made here in the real datasets' formats. */
  source: z.literal('studio'),
  /** Side of the square photographs on disk, pixels. */
  imageSize: size,
  numTrain: size,
  numTest: size,
  numUnlabeled: size,
  numGeneric: size,
  /** A folder of the user's own photographs that joins the unlabelled pool; null: none. */
  unlabeledDir: z.string().nullable(),
  seed: count,
});

export const visionSchema = z.strictObject({
  imageSize: size,
  patchSize: size,
  hiddenSize: size,
  numLayers: size,
  numHeads: size,
  mlpSize: size,
  activation: z.enum(['quick_gelu', 'gelu']),
  layerNormEps: rate,
});

export const mfamSchema = z.strictObject({
  levels: z.array(z.enum(levels)).min(1),
  /** Hidden state (0 = after the embeddings, L = last layer) each level reads. */
  taps: z.strictObject({ low: count, middle: count, high: count, thematic: count }),
  /** Learnable queries per Q-Former. */
  queries: size,
  hiddenSize: size,
  numHeads: size,
  numLayers: size,
  mlpSize: size,
  /** Cross-attention in every n-th layer, from layer 0. */
  crossAttentionFrequency: size,
  layerNormEps: rate,
  activation: z.enum(['gelu', 'quick_gelu']),
  /** Whether Q-Formers see the CLS token; the thematic projection never does. */
  seesCls: z.boolean(),
  /** Subtract the mean and divide by the deviation of each channel of a tap, measured once on the foundation's images. */
  standardizeTaps: z.boolean(),
  /** Initial weights: normal with deviation 0.02 (`bert`) or 1 / sqrt(inputs) (`fan_in`, for small widths). */
  initializer: z.enum(['bert', 'fan_in']),
});

export const llmSchema = z.strictObject({
  hiddenSize: size,
  numLayers: size,
  numHeads: size,
  numKeyValueHeads: size,
  mlpSize: size,
  vocabSize: size,
  rmsNormEps: rate,
  ropeTheta: rate,
  maxPositions: size,
});

export const augmentSchema = z.strictObject({
  groups: z.array(z.enum(augmentationGroups)),
  /** Attributes augmented at once in one photograph, 1 to this. */
  maxSimultaneous: size,
  seed: count,
});

export const trainingSchema = z.strictObject({
  steps: size,
  /** Global batch: samples per optimizer step, a multiple of train.stepShards. */
  batchSize: size,
  peakLearningRate: rate,
  warmupFraction: z.number().min(0).max(1),
});

export const loraTargets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

export const loraSchema = z.strictObject({
  rank: size,
  /** The product of the two low-rank factors is scaled by alpha / rank. */
  alpha: rate,
  /** Linear maps of every layer of the language model that get factors. */
  targets: z.array(z.enum(loraTargets)).min(1),
});

export const trialConfigSchema = z.strictObject({
  preset: z.enum(['nano', 'paper']),
  seed: count,
  data: dataSchema,
  /** safetensors file of the frozen ViT and the language model the trials start from. */
  foundation: z.strictObject({ checkpoint: z.string() }),
  vision: visionSchema,
  mfam: mfamSchema,
  llm: llmSchema,
  augment: augmentSchema,
  pretrainSsl: trainingSchema,
  pretrainGeneric: trainingSchema,
  finetuneComment: trainingSchema,
  finetuneScore: trainingSchema,
  train: z.strictObject({
    /** Shards a step is cut into whatever the number of trainers. */
    stepShards: size,
    checkpointEverySeconds: rate,
    /** How trainers that share a stage keep Adam's moments: all of them each, or a slice each. Changes no result. */
    optimizer: z.enum(['replicated', 'partitioned']),
    /** Gradients whose norm over all trained weights is larger are scaled down to it; null: never. */
    maxGradientNorm: rate.nullable(),
    /** Decoupled weight decay (AdamW) of matrices; biases and gains of norms never decay. */
    weightDecay: z.number().nonnegative(),
    /** Calls a step is computed in, a power of two that divides stepShards: memory holds the shards of one call. */
    accumulation: size,
    /** Compute activations of layers again in the backward pass instead of keeping them. */
    recompute: z.boolean(),
  }),
  /** What fine-tuning trains of the language model: all weights, or low-rank factors beside frozen weights. */
  finetune: z.enum(['full', 'lora']),
  lora: loraSchema,
  evaluate: z.strictObject({
    batchSize: size,
    /** Whether scoring is trained and evaluated. */
    scores: z.boolean(),
    /** Test photographs commented for BLEU and CIDEr; 0: commenting is not evaluated. */
    numComments: count,
    maxCommentTokens: size,
    /**
     * How a score is read: the number in the generated text, the expectation over its digits' probabilities, or five
     * words weighted by their probabilities (wa5 of Q-Align and UNIAA).
     */
    scoreReadout: z.enum(['text', 'expectation', 'levels']),
  }),
  /** What scoring fine-tuning answers: the score as a number, or the word of its level (excellent to bad). */
  scoreAnswer: z.enum(['number', 'level']),
  /** Text before the score in every answer; fine-tuning trains it, evaluation gives it. */
  scorePrefix: z.string(),
  /** Decimals of a score in training answers. */
  scoreDecimals: z.int().min(0).max(2),
});

export type TrialConfig = z.infer<typeof trialConfigSchema>;
export type ScoreReadout = TrialConfig['evaluate']['scoreReadout'];
export type DataConfig = TrialConfig['data'];
export type VisionConfig = TrialConfig['vision'];
export type MfamConfig = TrialConfig['mfam'];
export type LlmConfig = TrialConfig['llm'];
export type AugmentConfig = TrialConfig['augment'];
export type TrainOptions = TrialConfig['train'];
export type LoraConfig = TrialConfig['lora'];
export type LoraTarget = (typeof loraTargets)[number];
export type TrainingConfig = TrialConfig['pretrainSsl'];

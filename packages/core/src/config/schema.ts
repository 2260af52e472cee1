// The one schema of an experiment's resolved configuration. Unknown keys fail; defaults of the two presets are in
// presets.ts. Everything here may be overridden by `set:` in an experiment, by the rows of an ablation and by
// `--set key=value`.
import { z } from 'zod';
import {
  augmentationGroups,
  datasetNames,
  evaluationSplits,
  foregroundFinders,
  labelSources,
  levels,
  loraTargets,
  promptTemplates,
  questionSets,
  suggestionJudges,
  type QuestionSet,
} from './names.ts';

const size = z.int().positive();
const count = z.int().nonnegative();
const rate = z.number().positive();

/** Photographs and their labels. */
export const dataSchema = z.strictObject({
  /** `studio` is the embedded data, made here in the real datasets' formats; `files` are datasets on this machine. */
  source: z.enum(['studio', 'files']),
  /** Dataset -> absolute root folder; read with `files` alone, given by `--data FILE`. */
  roots: z.partialRecord(z.enum(datasetNames), z.string()),
  /** Side of the square photographs on disk, pixels. */
  imageSize: size,
  /** Photographs with scores for training. With `files` this and the next are the most of each that are used. */
  numTrain: size,
  /** Photographs with scores for test. */
  numTest: size,
  /** Photographs for choosing settings, in no training and no test; of `files` taken from AVA's training ids. 0: none. */
  numVal: count,
  /** Photographs without labels, for self-supervision. */
  numUnlabeled: size,
  /** Photographs with captions, for generic pre-training. */
  numGeneric: size,
  /** Photographs with questions, read with `files` alone. */
  numQuestions: size,
  /** Whether the test splits of datasets that are not evaluated on join the unlabelled pool (`files`). */
  unlabeledTestSplits: z.boolean(),
  /** A folder of the user's own photographs that joins the unlabelled pool of the embedded data; null: none. */
  unlabeledDir: z.string().nullable(),
  /** Of the embedded data: another makes other photographs. */
  seed: count,
});

const place = z.string().min(1).nullable();

/** The pretrained models the trials start from: files or folders as they were downloaded (docs/checkpoints.md). */
export const foundationSchema = z.strictObject({
  /** safetensors file of both models, or a folder with `vision/` and `llm/`. */
  checkpoint: z.string(),
  /** CLIP's vision tower, in place of the checkpoint's; null: that one. */
  vision: place,
  /** CLIP's tower for photographs of 336 pixels; null: the other's position embeddings are interpolated. */
  vision336: place,
  /** LLaMA or Vicuna with its tokenizer, in place of the checkpoint's; null: that one. */
  llm: place,
  /** A Q-Former of BLIP-2 that every level's starts from; null: random weights. */
  qformer: place,
  /** LLaVA's mm_projector that the thematic projection starts from; null: random weights. */
  projector: place,
});

/** The frozen vision transformer (ViT). */
export const visionSchema = z.strictObject({
  /** Side of the photographs it sees, pixels: a multiple of patchSize. */
  imageSize: size,
  /** Side of a patch, pixels. */
  patchSize: size,
  /** Width of its hidden states: a multiple of numHeads. */
  hiddenSize: size,
  /** Layers. */
  numLayers: size,
  /** Heads of an attention. */
  numHeads: size,
  /** Width between the two maps of a layer's MLP. */
  mlpSize: size,
  /** Between these two maps. */
  activation: z.enum(['quick_gelu', 'gelu']),
  /** Added to the variance in a layer norm. */
  layerNormEps: rate,
});

/** The Multi-scale Feature Alignment Module: what turns hidden states of the ViT into image tokens. */
export const mfamSchema = z.strictObject({
  /** Which levels become image tokens. */
  levels: z.array(z.enum(levels)).min(1),
  /** The thematic projection: one linear layer, or LLaVA-1.5's two with a GELU between. */
  projector: z.enum(['linear', 'mlp2x_gelu']),
  /** Width between the two layers of `mlp2x_gelu`; null: the language model's, as LLaVA-1.5's. */
  projectorSize: size.nullable(),
  /**
   * What makes the tokens of the other levels: a Q-Former, or as a control learned pooling of the same hidden states, with as
   * many tokens and nearly as many weights.
   */
  resampler: z.enum(['qformer', 'pooling']),
  /** Hidden state (0 = after the embeddings, L = last layer) each level reads. */
  taps: z.strictObject({
    /** Of level low. */
    low: count,
    /** Of level middle. */
    middle: count,
    /** Of level high. */
    high: count,
    /** Of level thematic. */
    thematic: count,
  }),
  /** Learnable queries per Q-Former. */
  queries: size,
  /** Width of a Q-Former. */
  hiddenSize: size,
  /** Heads of an attention of a Q-Former. */
  numHeads: size,
  /** Layers of a Q-Former. */
  numLayers: size,
  /** Width between the two maps of an MLP of a Q-Former. */
  mlpSize: size,
  /** Cross-attention in every n-th layer, from layer 0. */
  crossAttentionFrequency: size,
  /** Added to the variance in a layer norm. */
  layerNormEps: rate,
  /** Between the two maps of an MLP. */
  activation: z.enum(['gelu', 'quick_gelu']),
  /** Whether Q-Formers see the CLS token; the thematic projection never does. */
  seesCls: z.boolean(),
  /** Subtract the mean and divide by the deviation of each channel of a tap, measured once on the foundation's images. */
  standardizeTaps: z.boolean(),
  /** Initial weights: normal with deviation 0.02 (`bert`) or 1 / sqrt(inputs) (`fan_in`, for small widths). */
  initializer: z.enum(['bert', 'fan_in']),
});

/** The language model (LLaMA's architecture). */
export const llmSchema = z.strictObject({
  /** Width of its hidden states. */
  hiddenSize: size,
  /** Layers. */
  numLayers: size,
  /** Heads of an attention. */
  numHeads: size,
  /** Heads of keys and values: fewer than numHeads in grouped attention. */
  numKeyValueHeads: size,
  /** Width of a layer's gated MLP. */
  mlpSize: size,
  /** Tokens it knows. */
  vocabSize: size,
  /** Added to the mean square in an RMS norm. */
  rmsNormEps: rate,
  /** Base of the rotary positions. */
  ropeTheta: rate,
  /** Tokens of a sequence at most, image tokens among them. */
  maxPositions: size,
});

/** How unlabelled photographs are changed for self-supervision. */
export const augmentSchema = z.strictObject({
  /** Groups of attributes that are changed. */
  groups: z.array(z.enum(augmentationGroups)),
  /** Attributes augmented at once in one photograph, 1 to this. */
  maxSimultaneous: size,
  /** Augmented copies of each photograph, each drawn anew. */
  draws: size,
  /** Who finds the subject of a photograph that comes without mask and box. */
  foreground: z.enum(foregroundFinders),
  /** Another draws other changes. */
  seed: count,
});

/** An OpenAI-compatible server, read with `labels: openai` and `evaluate.judge: openai` alone. The key is in the environment: OPENAI_API_KEY. */
export const openaiSchema = z.strictObject({
  /** Its address, as `https://api.openai.com/v1`. */
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).username === '' && new URL(url).password === '' && new URL(url).search === '', {
      message: 'expected an address without user, password or query: keys belong into OPENAI_API_KEY',
    }),
  /** As the server calls it. */
  model: z.string().min(1),
  /** Of its answers: 0 is always the most probable. */
  temperature: z.number().min(0).max(2),
  /** Of all augmentors together. */
  requestsPerMinute: rate,
  /** Sentences an augmentor asks about at once. */
  concurrency: size,
  /** Without an answer for so long a question is asked again. */
  timeoutSeconds: rate,
  /** Times a sentence is asked about while the server does not answer. */
  maxAttempts: size,
  /** A stage spends no more, US dollars by the prices below; a label that is left keeps its template. */
  maxUsd: z.number().nonnegative(),
  /** Price of what it is asked, US dollars. */
  usdPerMillionInputTokens: z.number().nonnegative(),
  /** Price of what it answers, US dollars. */
  usdPerMillionOutputTokens: z.number().nonnegative(),
});

const annotatorsSchema = z.strictObject({
  /** How many there are. */
  annotators: size,
  /** Photographs they choose from. */
  photos: size,
  /** Photographs each rates; 105 to 171 make a test annotator of FLICKR-AES. */
  ratings: size,
});

/** Personalized assessment: the annotators and how an episode of one annotator's photographs is made. */
export const personalSchema = z.strictObject({
  /** Annotators of the embedded data that training sees. */
  train: annotatorsSchema,
  /** Annotators of the embedded data at test. */
  test: annotatorsSchema,
  /** With `files`: the test annotators of FLICKR-AES; null: those who rated 105 to 171 photographs. */
  testWorkers: z.array(z.string().min(1)).min(1).nullable(),
  /** With `files`: the most annotators of each side that are used; null: all. */
  maxAnnotators: size.nullable(),
  /** With `files`: the most ratings of each annotator that are used; null: all. */
  maxRatings: size.nullable(),
  /** Rated photographs a query follows. */
  contextSize: size,
  /** Photographs of each test annotator that join training, drawn once per seed; 0: none, contexts are any photographs. */
  joining: count,
  /** Times the contexts are drawn anew at test. */
  repeats: size,
  /** Levels whose tokens stand for a photograph in an episode. */
  levels: z.array(z.enum(levels)).min(1),
});

/** One stage of training. */
export const trainingSchema = z.strictObject({
  /** Optimizer updates. */
  steps: size,
  /** Times all samples are seen, instead of `steps`, which are then counted. */
  epochs: rate.optional(),
  /** Global batch: samples per optimizer step, a multiple of train.stepShards. */
  batchSize: size,
  /** Of Adam, reached after warm-up; from there it falls on a cosine to 0. */
  peakLearningRate: rate,
  /** Share of the steps in which the learning rate rises to its peak. */
  warmupFraction: z.number().min(0).max(1),
});

/** Low-rank factors, where `finetune` is `lora`. */
export const loraSchema = z.strictObject({
  /** Of the two factors. */
  rank: size,
  /** The product of the two low-rank factors is scaled by alpha / rank. */
  alpha: rate,
  /** Linear maps of every layer of the language model that get factors. */
  targets: z.array(z.enum(loraTargets)).min(1),
});

/** Labels that are dealt anew among training photographs: what a model learns from them can only be their distribution. */
export const controlSchema = z.strictObject({
  /** Scores, in scoring fine-tuning. Test photographs keep theirs. */
  permuteScores: z.boolean(),
  /** Pseudo-labels, in self-supervision: each pair is told what was done to another. */
  permutePseudoLabels: z.boolean(),
});

/** Steps a list of samples gets, in proportion to the others; null: as many as it has samples. */
const share = z.number().nonnegative().nullable();

/** CALM-E: questions with answers, mixed into the commenting fine-tuning, whose number of steps stays. */
export const questionsSchema = z.strictObject({
  /** Whether they are mixed in. */
  use: z.boolean(),
  /** Steps each list of samples gets, in proportion to the others; null: as many as it has samples. */
  mix: z.strictObject({
    comments: share,
    ...(Object.fromEntries(questionSets.map((set) => [set, share])) as Record<QuestionSet, typeof share>),
  }),
  /** Longest question with its answers, tokens; what is longer is cut. */
  maxTokens: size,
});

export const trialConfigSchema = z.strictObject({
  /** Sizes of the models and lengths of training: `nano`, made for two cores, or the paper's. */
  preset: z.enum(['nano', 'paper']),
  /** Of the trial. */
  seed: count,
  data: dataSchema,
  foundation: foundationSchema,
  /** How photographs reach the ViT, and whether its hidden states are stored. */
  encode: z.strictObject({
    /** How a photograph becomes the ViT's square: its centre (`crop`, CLIP), or whole on a square of the mean colour (`pad`, LLaVA-1.5). */
    fit: z.enum(['crop', 'pad']),
    /** Whether the ViT's hidden states are stored once for all stages (`all`) or computed in each (`none`); `auto`: stored up to 1 TB. */
    store: z.enum(['auto', 'all', 'none']),
  }),
  /** What the language model reads around a photograph. */
  prompt: z.strictObject({
    /** `nano`'s own, or Vicuna's. */
    template: z.enum(promptTemplates),
  }),
  vision: visionSchema,
  mfam: mfamSchema,
  llm: llmSchema,
  augment: augmentSchema,
  /** Who words pseudo-labels: the template grammar, or a language model that paraphrases its sentences. */
  labels: z.enum(labelSources),
  openai: openaiSchema,
  /** Self-supervision: the Q-Formers learn from augmented pairs. */
  pretrainSsl: trainingSchema,
  /** Generic pre-training: the thematic projection learns from captions. */
  pretrainGeneric: trainingSchema,
  /** Fine-tuning on comments. */
  finetuneComment: trainingSchema,
  /** Comments to learn from. */
  comments: z.strictObject({
    /** Training photographs that have comments: an epoch of commenting. Counts steps alone; no stage reads it. */
    numPhotographs: size,
  }),
  questions: questionsSchema,
  control: controlSchema,
  /** Fine-tuning on scores. */
  finetuneScore: trainingSchema,
  /** Fine-tuning on episodes of one annotator's photographs. */
  finetunePersonal: trainingSchema,
  personal: personalSchema,
  /** How every stage of training computes. */
  train: z.strictObject({
    /** Shards a step is cut into whatever the number of trainers. */
    stepShards: size,
    /** Seconds between two checkpoints, from which a stage goes on. */
    checkpointEverySeconds: rate,
    /** Checkpoints of each stage that stay when it has ended, spread evenly over its steps, for `audit --replay`. */
    keepCheckpoints: count,
    /** How trainers that share a stage keep Adam's moments: all of them each, or a slice each. Changes no result. */
    optimizer: z.enum(['replicated', 'partitioned']),
    /**
     * How trainers that share a stage add gradients: in host memory, or in the graph (`collective`), which opens a port to all
     * users of the host. Changes no result.
     */
    exchange: z.enum(['host', 'collective']),
    /** Gradients whose norm over all trained weights is larger are scaled down to it; null: never. */
    maxGradientNorm: rate.nullable(),
    /** Decoupled weight decay (AdamW) of matrices; biases and gains of norms never decay. */
    weightDecay: z.number().nonnegative(),
    /** Calls a step is computed in, a power of two that divides stepShards: memory holds the shards of one call. */
    accumulation: size,
    /** What the backward pass finds of a layer: all that it needs (`none`), or its input, to compute the layer again (`layers`). */
    recompute: z.enum(['none', 'layers']),
    /** Numbers that matrix products multiply; weights, sums, norms, softmax, loss and optimizer are float32 always. */
    precision: z.enum(['fp32', 'bf16']),
  }),
  /** What fine-tuning trains of the language model: all weights, or low-rank factors beside frozen weights. */
  finetune: z.enum(['full', 'lora']),
  lora: loraSchema,
  /** What is evaluated, on what, and how. */
  evaluate: z.strictObject({
    /** What is evaluated on: `val` where settings are chosen, so that test photographs choose nothing. */
    split: z.enum(evaluationSplits),
    /** Photographs answered about at once. */
    batchSize: size,
    /** Whether scoring is trained and evaluated. */
    scores: z.boolean(),
    /** Whether personalized assessment is trained and evaluated. */
    personal: z.boolean(),
    /** Whether suggestions about degraded photographs are evaluated. */
    suggestions: z.boolean(),
    /** With `files`: how many of PCCD's best photographs are degraded and asked about. */
    suggestionPhotos: size,
    /** Who says whether a suggestion names the degradation: words, or the language model of the section `openai`. */
    judge: z.enum(suggestionJudges),
    /** Photographs commented for BLEU and CIDEr; 0: commenting is not evaluated. */
    numComments: count,
    maxCommentTokens: size,
    /** METEOR 1.5's own folder, for its synonyms and paraphrases in METEOR; null: exact words and stems. */
    meteorDir: place,
    /**
     * How a score is read: the number in the generated text, the expectation over its digits' probabilities, or five
     * words weighted by their probabilities (wa5 of Q-Align and UNIAA).
     */
    scoreReadout: z.enum(['text', 'expectation', 'levels']),
    /** Views of a photograph of one's own whose scores are averaged: as it is, its mirror image too, quarter turns of both too. */
    scoreViews: z.enum(['upright', 'mirrored', 'all']),
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
export type FoundationConfig = TrialConfig['foundation'];
export type DataConfig = TrialConfig['data'];
export type VisionConfig = TrialConfig['vision'];
export type MfamConfig = TrialConfig['mfam'];
export type LlmConfig = TrialConfig['llm'];
export type PersonalConfig = TrialConfig['personal'];
export type AugmentConfig = TrialConfig['augment'];
export type OpenaiConfig = TrialConfig['openai'];
export type TrainOptions = TrialConfig['train'];
export type LoraConfig = TrialConfig['lora'];
export type TrainingConfig = Omit<TrialConfig['pretrainSsl'], 'epochs'>;

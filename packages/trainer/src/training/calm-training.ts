// The training step of a CALM stage: which weights are trained, which are frozen, and a step function per form of
// sample. Every stage of the paper's cycle (section 3.4, figure 4) is one call of this.
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  CalmError,
  type LlmConfig,
  type LoraConfig,
  type MfamConfig,
  type QFormerLevel,
  type TrainOptions,
} from '@calm-orch/core';
import type { Engine, InputSpec, Tensors, Values } from '@calm-orch/engine';
import {
  answerLogits,
  answerLossPerShard,
  createShardedStep,
  episodeImages,
  episodeLogits,
  maskGradient,
  mfamTokens,
  visualOf,
  visualSpec,
  withLora,
  type Parameters,
  type TaskPrompt,
  type ShardedStep,
  type Shapes,
  type StatesSize,
} from '@calm-orch/model';

export interface SampleForm {
  readonly images: number;
  /** Tokens before the photographs. @default 1, the begin token */
  readonly prefix?: number;
  /** Tokens of the instruction and of the padded answer. */
  readonly suffix: number;
  readonly answer: number;
  /** Levels whose gradient a sample may switch off (self-supervision, section 3.4). */
  readonly maskedLevels?: readonly QFormerLevel[];
  /** Photographs of an episode: `suffix` and `answer` tokens after each; `images` is then 1. */
  readonly episode?: number;
  /** Tokens before each photograph of an episode. @default 0 */
  readonly lead?: number;
}

export type StepOptions = Pick<
  TrainOptions,
  'maxGradientNorm' | 'weightDecay' | 'accumulation' | 'recompute' | 'precision'
>;

export interface CalmTraining {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly batchSize: number;
  readonly numShards: number;
  /** @default clipping, decay, accumulation and recomputation off, float32 */
  readonly options?: StepOptions;
  /** Factors beside the language model's weights; they are among the trainable. */
  readonly lora?: LoraConfig;
  readonly taps: StatesSize;
  readonly forms: Readonly<Record<string, SampleForm>>;
  /** Of weights in one variable of the program. @default 128 MiB */
  readonly maxBucketBytes?: number;
}

const maskName = (level: QFormerLevel): string => `mask_${level}`;

export function createCalmTraining(engine: Engine, spec: CalmTraining): ShardedStep {
  const { mfam, llm, batchSize, options } = spec;
  const inputsOf = (form: SampleForm): Record<string, InputSpec> => ({
    ...Object.fromEntries(
      Array.from({ length: form.images }, (_, i) =>
        Object.entries(visualSpec(mfam, spec.taps, batchSize * (form.episode ?? 1), i)),
      ).flat(),
    ),
    prefix: { shape: [batchSize, form.prefix ?? 1], dtype: 'int32' },
    ...(form.lead && { lead: { shape: [batchSize, form.lead * (form.episode ?? 1)], dtype: 'int32' as const } }),
    ...(form.suffix > 0 && { suffix: { shape: [batchSize, form.suffix * (form.episode ?? 1)], dtype: 'int32' } }),
    answer: { shape: [batchSize, form.answer * (form.episode ?? 1)], dtype: 'int32' },
    weights: { shape: [batchSize, form.answer * (form.episode ?? 1)], dtype: 'float32' },
    ...Object.fromEntries(
      (form.maskedLevels ?? []).map((level) => [maskName(level), { shape: [batchSize, 1, 1], dtype: 'float32' }]),
    ),
  });
  const lossOf =
    (form: SampleForm) =>
    (plain: Parameters, inputs: Tensors): Tensor => {
      const parameters = spec.lora === undefined ? plain : withLora(plain, spec.lora);
      const images = Array.from({ length: form.images }, (_, i) => {
        const tokens = mfamTokens(parameters, mfam, visualOf(mfam, inputs, i));
        for (const level of form.maskedLevels ?? [])
          tokens[level] = maskGradient(tokens[level]!, inputs[maskName(level)]!);
        return tokens;
      });
      const { prefix, lead, suffix, answer, weights } = inputs;
      if (form.episode !== undefined) {
        const text = { prefix: prefix!, ...(lead && { lead }), suffix: suffix!, answer: answer! };
        const logits = episodeLogits(parameters, llm, episodeImages(images[0]!), text);
        return answerLossPerShard(logits, answer!, weights!, parameters.numShards);
      }
      return answerLossPerShard(
        answerLogits(parameters, { llm, mfam }, images, {
          prefix: prefix!,
          ...(suffix && { suffix }),
          answer: answer!,
        }),
        answer!,
        weights!,
        parameters.numShards,
      );
    };
  const { accumulation, recompute, precision } = options ?? {};
  return createShardedStep(engine, {
    trainable: spec.trainable,
    frozen: spec.frozen,
    numShards: spec.numShards,
    steps: Object.fromEntries(
      Object.entries(spec.forms).map(([name, form]) => [name, { inputs: inputsOf(form), loss: lossOf(form) }]),
    ),
    recompute: recompute === 'layers',
    ...(spec.maxBucketBytes !== undefined && { maxBucketBytes: spec.maxBucketBytes }),
    ...(accumulation !== undefined && { accumulation }),
    ...(precision && { precision }),
    ...(options && { optimizer: options }),
  });
}

/** Prefix and suffix ids that are the same for every sample of a batch. */
export function promptInputs(
  batchSize: number,
  { prefix, suffix }: Pick<TaskPrompt, 'prefix' | 'suffix'>,
): Record<string, Values> {
  const repeat = (ids: readonly number[]): Int32Array =>
    Int32Array.from({ length: batchSize * ids.length }, (_, i) => ids[i % ids.length]!);
  return { prefix: repeat(prefix), ...(suffix.length > 0 && { suffix: repeat(suffix) }) };
}

/** Lengths of a prompt, as a form has them. */
export const promptForm = ({ prefix, suffix }: TaskPrompt): Pick<SampleForm, 'prefix' | 'suffix'> => ({
  prefix: prefix.length,
  suffix: suffix.length,
});

/** Tokens that the language model reads before an answer: `numImages` photographs and the prompt. */
export function tokensBefore(
  { mfam, taps }: Pick<CalmTraining, 'mfam' | 'taps'>,
  { prefix, suffix }: Pick<TaskPrompt, 'prefix' | 'suffix'>,
  numImages: number,
): number {
  const perImage = mfam.levels.reduce((sum, level) => sum + (level === 'thematic' ? taps.tokens - 1 : mfam.queries), 0);
  return prefix.length + suffix.length + numImages * perImage;
}

/**
 * Tokens an answer may have after `numImages` photographs and the prompt, at most `wanted`.
 * @throws CalmError `invalid_config` where the model's positions end before an answer begins.
 */
export function answerRoom(
  model: Pick<CalmTraining, 'mfam' | 'llm' | 'taps'>,
  prompt: Pick<TaskPrompt, 'prefix' | 'suffix'>,
  numImages: number,
  wanted: number,
): number {
  const { llm } = model;
  const before = tokensBefore(model, prompt, numImages);
  const text = prompt.prefix.length + prompt.suffix.length;
  if (before >= llm.maxPositions)
    throw new CalmError(
      'invalid_config',
      `the prompt has ${before} tokens (${numImages} x ${(before - text) / numImages} of photographs, ${text} of text), ` +
        `the language model reads ${llm.maxPositions} (llm.maxPositions); take fewer levels, queries or photographs, or smaller images`,
    );
  return Math.min(wanted, llm.maxPositions - before);
}

/** Which samples may train which levels, as inputs of a form with `maskedLevels`. */
export function maskInputs(
  levels: readonly QFormerLevel[],
  allowed: readonly ReadonlySet<QFormerLevel>[],
): Record<string, Values> {
  return Object.fromEntries(
    levels.map((level) => [maskName(level), Float32Array.from(allowed, (set) => (set.has(level) ? 1 : 0))]),
  );
}

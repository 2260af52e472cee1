// The training program of a CALM stage: which weights are trained, which are frozen, and a step function per form of
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
  createPartitionedProgram,
  createShardProgram,
  createTrainingProgram,
  episodeImages,
  episodeLogits,
  maskGradient,
  mfamTokens,
  visualOf,
  visualSpec,
  withLora,
  type Block,
  type Parameters,
  type PartitionedProgram,
  type TaskPrompt,
  type ShardProgram,
  type Shapes,
  type Taps,
  type TrainingStep,
  type TrainingProgram,
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
  /** Photographs of an episode: `suffix` tokens and one answer token after each; `images` is then 1. */
  readonly episode?: number;
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
  readonly taps: Pick<Taps, 'tokens' | 'width'>;
  readonly forms: Readonly<Record<string, SampleForm>>;
}

const maskName = (level: QFormerLevel): string => `mask_${level}`;

/** A training program that can also be taken apart: the steps of a gang's members. */
export interface CalmProgram extends TrainingProgram {
  readonly numShards: number;
  /** The part of a step that computes these shards; frozen weights are those of this program. */
  member(sizes: readonly number[]): ShardProgram;
  /** Shards that a member's call computes at most. */
  readonly maxShardsPerCall: number;
  /** The same where each member updates a slice: blocks of all members by rank, this member's rank. Absent: it cannot. */
  partition?(blocks: readonly (readonly Block[])[], rank: number): PartitionedProgram;
}

export function createCalmTraining(engine: Engine, spec: CalmTraining): CalmProgram {
  const { mfam, llm } = spec;
  const inputsOf = (form: SampleForm, batchSize: number): Record<string, InputSpec> => ({
    ...Object.fromEntries(
      Array.from({ length: form.images }, (_, i) =>
        Object.entries(visualSpec(mfam, spec.taps, batchSize * (form.episode ?? 1), i)),
      ).flat(),
    ),
    prefix: { shape: [batchSize, form.prefix ?? 1], dtype: 'int32' },
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
      const { prefix, suffix, answer, weights } = inputs;
      if (form.episode !== undefined) {
        const text = { prefix: prefix!, suffix: suffix!, answer: answer! };
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
  const stepsOf = (numShards: number): Record<string, TrainingStep> =>
    Object.fromEntries(
      Object.entries(spec.forms).map(([name, form]) => [
        name,
        { inputs: inputsOf(form, (spec.batchSize / spec.numShards) * numShards), loss: lossOf(form) },
      ]),
    );
  const { trainable, frozen, numShards, options } = spec;
  const { accumulation = 1, recompute, precision } = options ?? {};
  const common = {
    ...{ trainable, frozen, recompute: recompute === 'layers' },
    ...(precision && { precision }),
    ...(options && { optimizer: options }),
  };
  const whole = createTrainingProgram(engine, { ...common, accumulation, numShards, steps: stepsOf(numShards) });
  const frozenValues = function* (): Generator<readonly [string, Float32Array]> {
    const variables = Object.keys(frozen).map((key) => `frozen/${key}`);
    let at = 0;
    for (const values of whole.program.readAll(variables)) yield [variables[at++]!, values];
  };
  const partition = (blocks: readonly (readonly Block[])[], rank: number): PartitionedProgram => {
    const member = createPartitionedProgram(engine, { ...common, numShards, blocks, rank, stepsOf });
    member.setFrozen(frozenValues());
    return member;
  };
  return {
    ...whole,
    numShards,
    member: (sizes) => {
      const member = createShardProgram(engine, { ...common, sizes, stepsOf });
      member.setFrozen(frozenValues());
      return member;
    },
    maxShardsPerCall: numShards / accumulation,
    ...(isPlain(options) && { partition }),
  };
}

/** Clipping needs the norm of the whole gradient, decay the parameters a slice cuts: their gangs keep replicas. */
function isPlain(options: StepOptions | undefined): boolean {
  return (
    options === undefined ||
    (options.maxGradientNorm === null && options.weightDecay === 0 && options.accumulation === 1)
  );
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

/**
 * Tokens an answer may have after `numImages` photographs and the prompt, at most `wanted`.
 * @throws CalmError `invalid_config` where the model's positions end before an answer begins.
 */
export function answerRoom(
  { mfam, llm, taps }: Pick<CalmTraining, 'mfam' | 'llm' | 'taps'>,
  { prefix, suffix }: TaskPrompt,
  numImages: number,
  wanted: number,
): number {
  const perImage = mfam.levels.reduce((sum, level) => sum + (level === 'thematic' ? taps.tokens - 1 : mfam.queries), 0);
  const before = prefix.length + suffix.length + numImages * perImage;
  if (before >= llm.maxPositions)
    throw new CalmError(
      'invalid_config',
      `the prompt has ${before} tokens (${numImages} x ${perImage} of photographs, ${prefix.length + suffix.length} of text), ` +
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

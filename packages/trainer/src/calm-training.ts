// The training program of a CALM stage: which weights are trained, which are frozen, and a step function per form of
// sample. Every stage of the paper's cycle (section 3.4, figure 4) is one call of this.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LlmConfig, MfamConfig, QFormerLevel } from '@calm-orch/core';
import type { Engine, InputSpec, Tensors, Values } from '@calm-orch/engine';
import {
  answerLogits,
  answerLossPerShard,
  createTrainingProgram,
  maskGradient,
  mfamTokens,
  visualOf,
  visualSpec,
  type Parameters,
  type Shapes,
  type Taps,
  type TrainingProgram,
} from '@calm-orch/model';

export interface SampleForm {
  readonly images: number;
  /** Tokens of the instruction and of the padded answer. */
  readonly suffix: number;
  readonly answer: number;
  /** Levels whose gradient a sample may switch off (self-supervision, section 3.4). */
  readonly maskedLevels?: readonly QFormerLevel[];
}

export interface CalmTraining {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly batchSize: number;
  readonly numShards: number;
  readonly taps: Pick<Taps, 'tokens' | 'width'>;
  readonly forms: Readonly<Record<string, SampleForm>>;
}

const maskName = (level: QFormerLevel): string => `mask_${level}`;

export function createCalmTraining(engine: Engine, spec: CalmTraining): TrainingProgram {
  const { mfam, llm, batchSize } = spec;
  const inputsOf = (form: SampleForm): Record<string, InputSpec> => ({
    ...Object.fromEntries(
      Array.from({ length: form.images }, (_, i) => Object.entries(visualSpec(mfam, spec.taps, batchSize, i))).flat(),
    ),
    prefix: { shape: [batchSize, 1], dtype: 'int32' },
    ...(form.suffix > 0 && { suffix: { shape: [batchSize, form.suffix], dtype: 'int32' } }),
    answer: { shape: [batchSize, form.answer], dtype: 'int32' },
    weights: { shape: [batchSize, form.answer], dtype: 'float32' },
    ...Object.fromEntries(
      (form.maskedLevels ?? []).map((level) => [maskName(level), { shape: [batchSize, 1, 1], dtype: 'float32' }]),
    ),
  });
  const lossOf =
    (form: SampleForm) =>
    (parameters: Parameters, inputs: Tensors): Tensor => {
      const images = Array.from({ length: form.images }, (_, i) => {
        const tokens = mfamTokens(parameters, mfam, visualOf(mfam, inputs, i));
        for (const level of form.maskedLevels ?? [])
          tokens[level] = maskGradient(tokens[level]!, inputs[maskName(level)]!);
        return tokens;
      });
      const { prefix, suffix, answer, weights } = inputs;
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
  return createTrainingProgram(engine, {
    trainable: spec.trainable,
    frozen: spec.frozen,
    numShards: spec.numShards,
    steps: Object.fromEntries(
      Object.entries(spec.forms).map(([name, form]) => [name, { inputs: inputsOf(form), loss: lossOf(form) }]),
    ),
  });
}

/** Prefix and suffix ids that are the same for every sample of a batch. */
export function promptInputs(
  batchSize: number,
  beginId: number,
  instruction: readonly number[],
): Record<string, Values> {
  const repeat = (ids: readonly number[]): Int32Array =>
    Int32Array.from({ length: batchSize * ids.length }, (_, i) => ids[i % ids.length]!);
  return { prefix: repeat([beginId]), ...(instruction.length > 0 && { suffix: repeat(instruction) }) };
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

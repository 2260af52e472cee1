// What both fine-tunings share: all weights of MFAM and language model are trained on (photograph, answer) pairs.
import type { LlmConfig, MfamConfig, StageContext, StageResult, TrainingConfig, TrialConfig } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import {
  initialWeights,
  fanInDeviation,
  llmShapes,
  mfamShapes,
  visualBatch,
  type Taps,
  type Weights,
} from '@calm-orch/model';
import { padded } from './answers.ts';
import { createCalmTraining, promptInputs } from './calm-training.ts';
import type { Language } from './language.ts';
import { fingerprintOf, select, writeWeights } from './model-weights.ts';
import { sampleOrder } from './sample-order.ts';
import { trainLoop } from './train-loop.ts';

export interface FinetuneConfig {
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly train: Pick<TrialConfig['train'], 'stepShards'>;
}

export interface FinetuneSample {
  /** Position of the photograph in the taps. */
  readonly row: number;
  /** The text to answer in an epoch; a function of (seed, epoch, sample) only. */
  readonly answer: (epoch: number) => string;
}

export interface Finetuning {
  readonly training: TrainingConfig;
  readonly taps: Taps;
  readonly language: Language;
  readonly instruction: readonly number[];
  /** What earlier stages trained; parts that none did start from their initial weights. */
  readonly weights: Weights;
  readonly samples: readonly FinetuneSample[];
  /** Longest answer in tokens, end token included; default: the longest of epoch 0. */
  readonly answerTokens?: number;
}

/** Initial weights of an MFAM: a function of (seed, level) only. */
export function initialMfam(mfam: MfamConfig, visionWidth: number, llm: LlmConfig, seed: number): Weights {
  const shapes = mfamShapes(mfam, { hiddenSize: visionWidth }, llm);
  return initialWeights(shapes, seed, mfam.initializer === 'fan_in' ? fanInDeviation : undefined);
}

/** Trains, writes model.safetensors, returns its fingerprint. */
export async function finetune(context: StageContext, config: FinetuneConfig, spec: Finetuning): Promise<StageResult> {
  const { mfam, llm, seed } = config;
  const { training, taps, language, samples } = spec;
  const { tokenizer } = language;
  const { batchSize } = training;
  const encode = (text: string): number[] => [...tokenizer.encode(text), tokenizer.endId];
  const answerTokens = spec.answerTokens ?? Math.max(...samples.map((sample) => encode(sample.answer(0)).length));
  const shapes = { ...mfamShapes(mfam, { hiddenSize: taps.width }, llm), ...llmShapes(llm) };
  const program = createCalmTraining(await startEngine(), {
    mfam,
    llm,
    trainable: shapes,
    frozen: {},
    batchSize,
    numShards: config.train.stepShards,
    taps,
    forms: { answer: { images: 1, suffix: spec.instruction.length, answer: answerTokens } },
  });
  try {
    program.setWeights(select({ ...initialMfam(mfam, taps.width, llm, seed), ...spec.weights }, shapes));
    const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
    const prompt = promptInputs(batchSize, tokenizer.beginId, spec.instruction);
    await trainLoop(context, program, training, (step) => {
      const chosen = order(step).map(({ sample, epoch }) => ({ ...samples[sample]!, epoch }));
      const answers = padded(
        chosen.map(({ answer, epoch }) => encode(answer(epoch))),
        answerTokens,
      );
      const visual = visualBatch(
        mfam,
        taps,
        chosen.map(({ row }) => row),
      );
      return { name: 'answer', inputs: { ...visual, ...prompt, answer: answers.ids, weights: answers.weights } };
    });
    const weights = program.weights();
    writeWeights(context.outputDir, weights);
    return { fingerprint: fingerprintOf(weights) };
  } finally {
    program.dispose();
  }
}

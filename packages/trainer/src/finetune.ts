// What both fine-tunings share: all weights of MFAM and language model are trained on (photograph, answer) pairs.
import {
  CalmError,
  sampleIds,
  sampleOrder,
  type StageContext,
  type StageResult,
  type TrainingConfig,
} from '@calm-orch/core';
import { mfamShapes, type TaskPrompt, type Taps, type Weights } from '@calm-orch/model';
import { languageTuning, type LanguageTuning } from './language-tuning.ts';
import { answerRoom, promptForm, promptInputs } from './training/calm-training.ts';
import { answerInputs, trainStage, type TrainingStageConfig } from './training/training-stage.ts';

export type { LanguageTuning };

export interface FinetuneSample {
  /** Position of the photograph in the taps. */
  readonly row: number;
  /** The text to answer in an epoch; a function of (seed, epoch, sample) only. */
  readonly answer: (epoch: number) => string;
}

export interface Finetuning {
  readonly training: TrainingConfig;
  readonly taps: Taps;
  readonly prompt: TaskPrompt;
  /** Where all weights of the model start. */
  readonly weights: Weights;
  readonly samples: readonly FinetuneSample[];
  /** Longest answer in tokens, end token included; default: the longest of epoch 0. */
  readonly answerTokens?: number;
  /** Samples with a question each, which take every n-th step. */
  readonly questions?: { readonly everySteps: number; readonly samples: readonly QuestionSample[] };
}

export interface QuestionSample {
  readonly row: number;
  /** Prompt and answer of an epoch; the prompts of all samples have the same length. */
  readonly turn: (epoch: number) => { readonly prompt: TaskPrompt; readonly answer: string };
}

/** An order of its own for the steps on questions. */
function questionSteps(seed: number, { everySteps, samples }: NonNullable<Finetuning['questions']>, batchSize: number) {
  const order = sampleOrder(seed, 'questions', samples.length, batchSize);
  const form = promptForm(samples[0]!.turn(0).prompt);
  return {
    form,
    has: (step: number): boolean => step % everySteps === everySteps - 1,
    of: (step: number) => {
      const chosen = order(Math.floor(step / everySteps));
      const asked = chosen.map(({ sample, epoch }) => {
        const { row, turn } = samples[sample]!;
        const { prompt, answer } = turn(epoch);
        const { prefix, suffix } = promptForm(prompt);
        if (prefix !== form.prefix || suffix !== form.suffix)
          throw new CalmError(
            'bad_data',
            `questions: all must have as many tokens (got ${suffix} and ${form.suffix}); leave the others out`,
          );
        return { row, prompt, answer: prompt.answer(answer) };
      });
      return { asked, samples: sampleIds(chosen) };
    },
    list: { name: 'questions', numSamples: samples.length, everySteps },
  };
}

/** Trains and writes what `languageTuning` says. */
export async function finetune(
  context: StageContext,
  config: TrainingStageConfig & LanguageTuning,
  spec: Finetuning,
): Promise<StageResult> {
  const { mfam, llm, seed } = config;
  const { training, taps, prompt, samples } = spec;
  const { batchSize } = training;
  const longest = spec.answerTokens ?? Math.max(...samples.map((sample) => prompt.answer(sample.answer(0)).length));
  const answerTokens = answerRoom({ mfam, llm, taps }, prompt, 1, longest);
  const questions = spec.questions && questionSteps(seed, spec.questions, batchSize);
  const tuning = languageTuning(config, mfamShapes(mfam, { hiddenSize: taps.width }, llm), spec.weights);
  const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
  const texts = promptInputs(batchSize, prompt);
  const rowsOf = (step: number): number[] =>
    questions?.has(step)
      ? questions.of(step).asked.map(({ row }) => row)
      : order(step).map(({ sample }) => samples[sample]!.row);
  const inputsFor = (step: number, answers: readonly (readonly number[])[]) =>
    answerInputs(mfam, taps, [rowsOf(step)], answers, answerTokens);
  const trained = await trainStage(context, config, {
    mfam,
    taps,
    training,
    ...tuning,
    forms: {
      answer: { images: 1, ...promptForm(prompt), answer: answerTokens },
      ...(questions && { question: { images: 1, ...questions.form, answer: answerTokens } }),
    },
    inputsOf: (step) => {
      if (questions?.has(step)) {
        const { asked, samples: ids } = questions.of(step);
        const answers = asked.map(({ answer }) => answer);
        const prefix = Int32Array.from(asked.flatMap((one) => one.prompt.prefix));
        const suffix = Int32Array.from(asked.flatMap((one) => one.prompt.suffix));
        return { name: 'question', inputs: { ...inputsFor(step, answers), prefix, suffix }, samples: ids };
      }
      const drawn = order(step);
      const answers = drawn.map(({ sample, epoch }) => prompt.answer(samples[sample]!.answer(epoch)));
      return { name: 'answer', inputs: { ...inputsFor(step, answers), ...texts }, samples: sampleIds(drawn) };
    },
    rowsOf,
    numSamples: samples.length,
    otherLists: questions ? [questions.list] : [],
  });
  return tuning.result(context, trained);
}

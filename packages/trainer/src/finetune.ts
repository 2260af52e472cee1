// What both fine-tunings share: all weights of MFAM and language model are trained on (photograph, answer) pairs.
import {
  CalmError,
  sampleIds,
  sampleOrder,
  type LoraConfig,
  type StageContext,
  type StageResult,
  type TrainingConfig,
  type TrialConfig,
} from '@calm-orch/core';
import {
  initialLora,
  llmShapes,
  loraShapes,
  mergeLora,
  mfamShapes,
  writeAdapter,
  type Shapes,
  type TaskPrompt,
  type Taps,
  type Weights,
} from '@calm-orch/model';
import { answerRoom, promptForm, promptInputs } from './training/calm-training.ts';
import { select } from './training/model-weights.ts';
import { answerInputs, stageResult, trainStage, type TrainingStageConfig } from './training/training-stage.ts';

/** What a fine-tuning stage is told beside: how the language model is trained. */
export type LanguageTuning = Pick<TrialConfig, 'finetune'> & Partial<Pick<TrialConfig, 'lora'>>;

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

/**
 * Trains, writes model.safetensors, returns its fingerprint. With LoRA the language model in it has the factors merged;
 * the factors themselves are beside it, in PEFT's files.
 */
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
  const lora = config.finetune === 'lora' ? config.lora : undefined;
  const mfamOnly = mfamShapes(mfam, { hiddenSize: taps.width }, llm);
  const shapes = { ...mfamOnly, ...llmShapes(llm) };
  const factors = lora === undefined ? {} : loraShapes(llm, lora);
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
    trainable: lora === undefined ? shapes : { ...mfamOnly, ...factors },
    frozen: lora === undefined ? {} : llmShapes(llm),
    lora,
    forms: {
      answer: { images: 1, ...promptForm(prompt), answer: answerTokens },
      ...(questions && { question: { images: 1, ...questions.form, answer: answerTokens } }),
    },
    weights: () => ({ ...spec.weights, ...initialLora(factors, seed) }),
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
  if (lora === undefined) return stageResult(context, trained);
  writeAdapter(context.outputDir, select(trained, factors), lora);
  return stageResult(context, merged(trained, spec.weights, shapes, lora));
}

/** The model's weights: trained ones, and frozen ones with the trained factors added. */
function merged(trained: Weights, frozen: Weights, shapes: Shapes, lora: LoraConfig): Weights {
  return Object.fromEntries(
    Object.keys(shapes).map((key) => [key, trained[key] ?? mergeLora(key, frozen[key]!, trained, lora)]),
  );
}

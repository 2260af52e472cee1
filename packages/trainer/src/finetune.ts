// What both fine-tunings share: all weights of MFAM and language model are trained on (photograph, answer) pairs.
import {
  CalmError,
  sampleIds,
  sampleOrder,
  type LlmConfig,
  type LoraConfig,
  type MfamConfig,
  type StageContext,
  type StageResult,
  type TrainingConfig,
  type TrialConfig,
} from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import {
  initialLora,
  initialWeights,
  fanInDeviation,
  llmShapes,
  loraShapes,
  mergeLora,
  mfamShapes,
  readBatchAhead,
  visualBatch,
  writeAdapter,
  type Shapes,
  type TaskPrompt,
  type Taps,
  type Weights,
} from '@calm-orch/model';
import { padded } from './answers.ts';
import { answerRoom, createCalmTraining, promptForm, promptInputs } from './training/calm-training.ts';
import { fingerprintOf, select, writeWeights } from './training/model-weights.ts';
import { trainLoop } from './training/train-loop.ts';

export interface FinetuneConfig extends Pick<TrialConfig, 'prompt'> {
  readonly seed: number;
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly train: Omit<TrialConfig['train'], 'checkpointEverySeconds'>;
}

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
  /** What earlier stages trained; parts that none did start from their initial weights. */
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

/** Initial weights of an MFAM: a function of (seed, level) only. */
export function initialMfam(mfam: MfamConfig, visionWidth: number, llm: LlmConfig, seed: number): Weights {
  const shapes = mfamShapes(mfam, { hiddenSize: visionWidth }, llm);
  return initialWeights(shapes, seed, mfam.initializer === 'fan_in' ? fanInDeviation : undefined);
}

/**
 * Trains, writes model.safetensors, returns its fingerprint. With LoRA the language model in it has the factors merged;
 * the factors themselves are beside it, in PEFT's files.
 */
export async function finetune(
  context: StageContext,
  config: FinetuneConfig & LanguageTuning,
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
  const program = createCalmTraining(await startEngine(), {
    mfam,
    llm,
    trainable: lora === undefined ? shapes : { ...mfamOnly, ...factors },
    frozen: lora === undefined ? {} : llmShapes(llm),
    batchSize,
    numShards: config.train.stepShards,
    options: config.train,
    ...(lora && { lora }),
    taps,
    forms: {
      answer: { images: 1, ...promptForm(prompt), answer: answerTokens },
      ...(questions && { question: { images: 1, ...questions.form, answer: answerTokens } }),
    },
  });
  try {
    const initial = select({ ...initialMfam(mfam, taps.width, llm, seed), ...spec.weights }, shapes);
    program.setWeights({ ...initial, ...initialLora(factors, seed) });
    const order = sampleOrder(seed, context.stage.kind, samples.length, batchSize);
    const texts = promptInputs(batchSize, prompt);
    const rowsOf = (step: number): number[] =>
      questions?.has(step)
        ? questions.of(step).asked.map(({ row }) => row)
        : order(step).map(({ sample }) => samples[sample]!.row);
    const visualOf = (chosen: readonly { readonly row: number }[]) =>
      visualBatch(
        mfam,
        taps,
        chosen.map(({ row }) => row),
      );
    const inputsOf = (step: number) => {
      if (questions?.has(step)) {
        const { asked, samples: ids } = questions.of(step);
        const answers = padded(
          asked.map(({ answer }) => answer),
          answerTokens,
        );
        const prefix = Int32Array.from(asked.flatMap((one) => one.prompt.prefix));
        const suffix = Int32Array.from(asked.flatMap((one) => one.prompt.suffix));
        const inputs = { ...visualOf(asked), prefix, suffix, answer: answers.ids, weights: answers.weights };
        return { name: 'question', inputs, samples: ids };
      }
      const drawn = order(step);
      const chosen = drawn.map(({ sample, epoch }) => ({ ...samples[sample]!, epoch }));
      const answers = padded(
        chosen.map(({ answer, epoch }) => prompt.answer(answer(epoch))),
        answerTokens,
      );
      const inputs = { ...visualOf(chosen), ...texts, answer: answers.ids, weights: answers.weights };
      return { name: 'answer', inputs, samples: sampleIds(drawn) };
    };
    await trainLoop(
      context,
      program,
      training,
      inputsOf,
      (step) => readBatchAhead(mfam, taps, rowsOf(step)),
      (step) => rowsOf(step).map((row) => taps.ids[row]!),
      [{ name: context.stage.kind, numSamples: samples.length, everySteps: 0 }, ...(questions ? [questions.list] : [])],
    );
    const trained = program.weights();
    const weights = lora === undefined ? trained : merged(trained, initial, shapes, lora);
    if (lora !== undefined) writeAdapter(context.outputDir, select(trained, factors), lora);
    writeWeights(context.outputDir, weights);
    return { fingerprint: fingerprintOf(weights) };
  } finally {
    program.dispose();
  }
}

/** The model's weights: trained ones, and frozen ones with the trained factors added. */
function merged(trained: Weights, frozen: Weights, shapes: Shapes, lora: LoraConfig): Weights {
  return Object.fromEntries(
    Object.keys(shapes).map((key) => [key, trained[key] ?? mergeLora(key, frozen[key]!, trained, lora)]),
  );
}

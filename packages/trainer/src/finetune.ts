// What both fine-tunings share: all weights of MFAM and language model are trained on (photograph, answer) pairs.
import type { StageContext, StageResult, TrainingConfig } from '@calm-orch/core';
import { mfamShapes, type ConversationIds, type TaskPrompt, type Taps, type Weights } from '@calm-orch/model';
import { languageTuning, type LanguageTuning } from './language-tuning.ts';
import { byLength, stepsFrom, type BatchSource } from './training/batch-source.ts';
import { answerRoom, promptForm, promptInputs, tokensBefore } from './training/calm-training.ts';
import { paddedLengths } from './training/padded-lengths.ts';
import { answerInputs, trainStage, type TrainingStageConfig } from './training/training-stage.ts';

export type { LanguageTuning };

export interface FinetuneSample {
  /** Position of the photograph in the taps. */
  readonly row: number;
  /** All texts it is answered with. */
  readonly answers: readonly string[];
  /** One of them in an epoch; a function of (seed, epoch, sample) only. */
  readonly answer: (epoch: number) => string;
}

export interface Finetuning {
  readonly training: TrainingConfig;
  readonly taps: Taps;
  readonly prompt: TaskPrompt;
  /** Where all weights of the model start. */
  readonly weights: Weights;
  readonly samples: readonly FinetuneSample[];
  /** Longest answer in tokens, end token included; default: the longest there is. */
  readonly answerTokens?: number;
  /** Steps on these samples, in proportion to the shares of the conversations; default: their number. */
  readonly share?: number;
  readonly conversations?: Conversations;
}

export interface Conversations {
  readonly lists: readonly ConversationList[];
  /** Longest questions and answers in tokens; longer ones are cut. */
  readonly maxTokens: number;
}

/** Samples with questions of their own. */
export interface ConversationList {
  readonly name: string;
  readonly share: number;
  readonly samples: readonly ConversationSample[];
}

export interface ConversationSample {
  /** Positions of its photographs in the taps. */
  readonly rows: readonly number[];
  /** Tokens of the longest it may have. */
  readonly length: number;
  /** What is asked and answered in an epoch; a function of (seed, epoch, sample) only. */
  readonly conversation: (epoch: number) => ConversationIds;
}

type Stage = Pick<TrainingStageConfig, 'mfam' | 'llm'>;

/** The stage's own samples: one prompt, answers of several lengths. */
function answerSources(context: StageContext, { mfam, llm }: Stage, spec: Finetuning): BatchSource[] {
  const { taps, prompt, training } = spec;
  const samples = spec.samples.map((sample) => ({
    ...sample,
    length: sample.answers.reduce((most, answer) => Math.max(most, prompt.answer(answer).length), 0),
  }));
  const lengths = samples.map(({ length }) => length);
  const longest = spec.answerTokens ?? lengths.reduce((most, length) => Math.max(most, length), 1);
  const room = answerRoom({ mfam, llm, taps }, prompt, 1, longest);
  const texts = promptInputs(training.batchSize, prompt);
  const list = { name: context.stage.kind, numSamples: samples.length, share: spec.share ?? samples.length };
  const padTo = paddedLengths(lengths, tokensBefore({ mfam, taps }, prompt, 1), room);
  return byLength(list, 'answer', samples, padTo).map((group) => ({
    list: group.list,
    name: group.name,
    form: { images: 1, ...promptForm(prompt), answer: group.length },
    rowsOf: (sample) => [group.samples[sample]!.row],
    inputsOf: (drawn) => {
      const rows = drawn.map(({ sample }) => group.samples[sample]!.row);
      const answers = drawn.map(({ sample, epoch }) => prompt.answer(group.samples[sample]!.answer(epoch)));
      return { ...answerInputs(mfam, taps, [rows], answers, group.length), ...texts };
    },
  }));
}

/** Conversations about one photograph and about two have forms of their own, whatever their list. */
function conversationSources({ mfam, llm }: Stage, spec: Finetuning): BatchSource[] {
  const { taps, training } = spec;
  const { lists = [], maxTokens = 0 } = spec.conversations ?? {};
  const filled = lists.filter(({ samples, share }) => samples.length > 0 && share > 0);
  return [...new Set(filled.map(({ samples }) => samples[0]!.rows.length))].flatMap((images) => {
    const own = filled.filter(({ samples }) => samples[0]!.rows.length === images);
    // The same of all: what the template says before the photographs.
    const { prefix } = own[0]!.samples[0]!.conversation(0);
    const prompt = { prefix, suffix: [] };
    const room = answerRoom({ mfam, llm, taps }, prompt, images, maxTokens);
    const lengths = own.flatMap(({ samples }) => samples.map(({ length }) => length));
    const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
    const padTo = paddedLengths(lengths, tokensBefore({ mfam, taps }, prompt, images), Math.min(room, longest));
    const texts = promptInputs(training.batchSize, prompt);
    return own.flatMap(({ name, share, samples }) =>
      byLength({ name, numSamples: samples.length, share }, '', samples, padTo).map((group): BatchSource => ({
        list: group.list,
        name: `conversation-${images}${group.name}`,
        form: { images, prefix: prefix.length, suffix: 0, answer: group.length },
        rowsOf: (sample) => group.samples[sample]!.rows,
        inputsOf: (drawn) => {
          const chosen = drawn.map(({ sample }) => group.samples[sample]!.rows);
          const rows = Array.from({ length: images }, (_, image) => chosen.map((all) => all[image]!));
          const answers = drawn.map(({ sample, epoch }) => group.samples[sample]!.conversation(epoch));
          return { ...answerInputs(mfam, taps, rows, answers, group.length), ...texts };
        },
      })),
    );
  });
}

/** Trains and writes what `languageTuning` says. */
export async function finetune(
  context: StageContext,
  config: TrainingStageConfig & LanguageTuning,
  spec: Finetuning,
): Promise<StageResult> {
  const { mfam, llm, seed } = config;
  const { training, taps } = spec;
  const tuning = languageTuning(config, mfamShapes(mfam, taps, llm), spec.weights);
  const sources = [...answerSources(context, config, spec), ...conversationSources(config, spec)];
  const trained = await trainStage(context, config, {
    mfam,
    taps,
    training,
    ...tuning,
    ...stepsFrom(sources, seed, training.batchSize),
  });
  return tuning.result(context, trained);
}

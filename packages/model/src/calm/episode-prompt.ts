// The texts of an episode of personalized assessment, in any template and with any tokenizer. `nano`: begin, then turns of
// photograph, question and score. `vicuna_v1`: a conversation of as many turns, each answer with its end.
import type { PromptTemplate } from '@calm-orch/core';
import { instructionPrompt, imageId, vicunaSequence } from './prompts.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What annotators give. */
export const ratingScale = [1, 2, 3, 4, 5] as const;

export interface EpisodePrompt {
  /** Before the first photograph's lead. */
  readonly head: readonly number[];
  /** Before the first photograph, and before each other; equally long. */
  readonly leads: readonly [first: readonly number[], other: readonly number[]];
  /** After each photograph. */
  readonly suffix: readonly number[];
  /** Of the scores in `ratingScale`, the end included where one is written. */
  readonly answers: readonly (readonly number[])[];
  /** Tokens of the longest answer. */
  readonly answerTokens: number;
}

export function episodePrompt(tokenizer: Tokenizer, template: PromptTemplate, instruction: string): EpisodePrompt {
  const texts = template === 'nano' ? nanoTexts(tokenizer, instruction) : vicunaTexts(tokenizer, instruction);
  return { ...texts, answerTokens: Math.max(...texts.answers.map((answer) => answer.length)) };
}

type EpisodeTexts = Omit<EpisodePrompt, 'answerTokens'>;

function nanoTexts(tokenizer: Tokenizer, instruction: string): EpisodeTexts {
  const { prefix, suffix, answer } = instructionPrompt(tokenizer, 'nano', instruction);
  const bare = ratingScale.map((score) => tokenizer.encode(String(score)));
  // Where each score is one token, none can be taken for the beginning of another.
  const endless = bare.every((ids) => ids.length === 1);
  const answers = endless ? bare : ratingScale.map((score) => answer(String(score)));
  return { head: prefix, leads: [[], []], suffix, answers };
}

function vicunaTexts(tokenizer: Tokenizer, instruction: string): EpisodeTexts {
  const question = `<image>\n${instruction}`;
  const answers = ratingScale
    .map((score) => vicunaSequence(tokenizer, [{ question, answer: String(score) }]))
    .map(({ ids, isAnswer }) => ids.filter((_, i) => isAnswer[i]));
  const { ids, isAnswer } = vicunaSequence(tokenizer, [{ question, answer: '1' }, { question }]);
  const [first, second] = [ids.indexOf(imageId), ids.lastIndexOf(imageId)];
  const other = ids.slice(isAnswer.lastIndexOf(true) + 1, second);
  return {
    head: ids.slice(0, first - other.length),
    leads: [ids.slice(first - other.length, first), other],
    suffix: ids.slice(first + 1, isAnswer.indexOf(true)),
    answers,
  };
}

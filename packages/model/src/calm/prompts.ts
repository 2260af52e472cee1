// What the language model reads around a photograph. `nano`: begin, photograph, instruction, answer. `vicuna_v1`: the
// conversation Vicuna and LLaVA-1.5 were trained on, and LLaVA's `plain` template for captions (haotian-liu/LLaVA,
// llava/conversation.py and llava/train/train.py). A text's chunks around `<image>` are tokenised apart, as there.
import type { PromptTemplate } from '@calm-orch/core';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** LLaVA's IMAGE_TOKEN_INDEX: where in the ids a photograph's tokens go. */
export const imageId = -200;

export const vicunaSystem =
  'A chat between a curious user and an artificial intelligence assistant. ' +
  "The assistant gives helpful, detailed, and polite answers to the user's questions.";

/** Ids before and after the photographs, and an answer's own, its end included. */
export interface TaskPrompt {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  answer(text: string): number[];
}

export interface Turn {
  /** With `<image>` where photographs stand. */
  readonly question: string;
  /** Absent: it is to be generated. */
  readonly answer?: string;
}

export interface Sequence {
  /** With `imageId` for every `<image>`. */
  readonly ids: readonly number[];
  /** For each id whether it counts in the loss: answers with their end, nothing else. */
  readonly isAnswer: readonly boolean[];
}

/** Ids of a text with `<image>` in it, without begin. */
function idsAroundImages(tokenizer: Tokenizer, text: string): number[] {
  return text.split('<image>').flatMap((chunk, i) => [...(i > 0 ? [imageId] : []), ...tokenizer.encode(chunk)]);
}

/**
 * A conversation in the template vicuna_v1: `<system> USER: <question> ASSISTANT: <answer></s>USER: ...`.
 * @param maxLength Ids beyond are cut off, as LLaVA does. @default Infinity
 */
export function vicunaSequence(tokenizer: Tokenizer, turns: readonly Turn[], maxLength = Infinity): Sequence {
  const ids = [tokenizer.beginId];
  const isAnswer = [false];
  const add = (more: readonly number[], counts: boolean): void => {
    for (const id of more) {
      ids.push(id);
      isAnswer.push(counts);
    }
  };
  turns.forEach(({ question, answer }, i) => {
    add(idsAroundImages(tokenizer, `${i === 0 ? `${vicunaSystem} ` : ''}USER: ${question.trim()} ASSISTANT:`), false);
    if (answer !== undefined) add(answerIds(tokenizer, answer), true);
  });
  return { ids: ids.slice(0, maxLength), isAnswer: isAnswer.slice(0, maxLength) };
}

/** Pieces of LLaMA never reach over a space, so the answer's ids do not depend on what stands before it. */
const answerIds = (tokenizer: Tokenizer, text: string): number[] => [...tokenizer.encode(text.trim()), tokenizer.endId];

/** Instruction of a task about `numImages` photographs, which stand side by side at its head. */
export function instructionPrompt(
  tokenizer: Tokenizer,
  template: PromptTemplate,
  instruction: string,
  numImages = 1,
): TaskPrompt {
  const answer = (text: string): number[] => answerIds(tokenizer, text);
  if (template === 'nano') return { prefix: [tokenizer.beginId], suffix: tokenizer.encode(instruction), answer };
  const question = `${'<image>'.repeat(numImages)}\n${instruction}`;
  const { ids } = vicunaSequence(tokenizer, [{ question }]);
  return { prefix: ids.slice(0, ids.indexOf(imageId)), suffix: ids.slice(ids.lastIndexOf(imageId) + 1), answer };
}

/** What the language model reads of a conversation: ids before the photographs, and all that follow them. */
export interface ConversationIds extends Sequence {
  readonly prefix: readonly number[];
}

/** A conversation about `numImages` photographs, which stand side by side at its head; every answer counts in the loss. */
export function conversationPrompt(
  tokenizer: Tokenizer,
  template: PromptTemplate,
  turns: readonly Required<Turn>[],
  numImages = 1,
): ConversationIds {
  if (template === 'nano') {
    const texts = turns.flatMap(({ question, answer }) => [
      { ids: tokenizer.encode(question), counts: false },
      { ids: answerIds(tokenizer, answer), counts: true },
    ]);
    return {
      prefix: [tokenizer.beginId],
      ids: texts.flatMap(({ ids }) => ids),
      isAnswer: texts.flatMap(({ ids, counts }) => ids.map(() => counts)),
    };
  }
  const images = `${'<image>'.repeat(numImages)}\n`;
  const { ids, isAnswer } = vicunaSequence(
    tokenizer,
    turns.map(({ question, answer }, i) => ({ question: i === 0 ? `${images}${question}` : question, answer })),
  );
  const first = ids.lastIndexOf(imageId) + 1;
  return { prefix: ids.slice(0, ids.indexOf(imageId)), ids: ids.slice(first), isAnswer: isAnswer.slice(first) };
}

/** A photograph and its caption, nothing else. LLaVA's `plain` ends a caption with a line feed, `nano` with the end. */
export function captionPrompt(tokenizer: Tokenizer, template: PromptTemplate): TaskPrompt {
  return {
    prefix: [tokenizer.beginId],
    suffix: [],
    answer: (text) => (template === 'nano' ? answerIds(tokenizer, text) : tokenizer.encode(`${text.trim()}\n`)),
  };
}

// The instructions. Those of the nano preset: one short sentence each, because every token of the prompt costs compute in
// every step. Generic pre-training has none (LLaVA's plain template: image, caption).

import type { PromptTemplate } from '@calm-orch/core';

export const instructions = {
  score: ['rate the aesthetics of this photo .'],
  comment: ['comment on this photo .'],
  sslSingle: ['which defect does this photo show ?'],
  sslPair: ['compare the first photo with the second .'],
  // Who is asked shows in the scores before, in words the language model knows.
  personal: ['rate this photo .'],
  // No stage trains it (aesthetic suggesting is zero-shot): one unknown word in the form of the others.
  suggest: ['advise on this photo .'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type InstructionKind = keyof typeof instructions;

/** In whole sentences, for language models that have learnt to follow instructions. The paper's (figure 3) are an image. */
const questions: Readonly<Record<InstructionKind, string>> = {
  score: 'How would you rate the aesthetics of this image?',
  comment: 'Please comment on this photo from an aesthetic point of view.',
  sslSingle: 'Which low- or high-level defect does this photo show?',
  sslPair: 'Compare the first image with the second.',
  personal: 'How would this user rate this photo? Answer with a number from 1 to 5.',
  suggest: 'How could the aesthetic quality of this photo be improved?',
};

export const instructionOf = (template: PromptTemplate, kind: InstructionKind): string =>
  template === 'nano' ? instructions[kind][0] : questions[kind];

/**
 * How an answer begins, as part of the prompt; '' where the model is to begin. A model of the embedded data has learnt no more than
 * to comment, and would praise when asked for advice: after these words comments go on with what is bad.
 */
export const answerStartOf = (template: PromptTemplate, kind: InstructionKind): string =>
  template === 'nano' && kind === 'suggest' ? 'poor shot ,' : '';

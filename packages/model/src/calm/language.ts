// The language a trial speaks: its tokenizer and its prompts. The embedded data's closed list of words, or the tokenizer of
// the language model's folder.
import { CalmError, type LlmConfig, type PromptTemplate } from '@calm-orch/core';
import { checkVocabulary } from '../foundation/check-foundation.ts';
import {
  captionPrompt,
  conversationPrompt,
  instructionPrompt,
  type ConversationIds,
  type TaskPrompt,
  type Turn,
} from './prompts.ts';
import { openLlamaTokenizer } from '../tokenizers/llama-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { createWordTokenizer } from '../tokenizers/word-tokenizer.ts';

export interface Language {
  readonly tokenizer: Tokenizer;
  /** Asks `instruction` about so many photographs. @default 1 photograph */
  instruct(instruction: string, numImages?: number): TaskPrompt;
  /** Questions about so many photographs with their answers. @default 1 photograph */
  converse(turns: readonly Required<Turn>[], numImages?: number): ConversationIds;
  /** Generic pre-training: a photograph and its caption. */
  readonly caption: TaskPrompt;
}

export interface LanguageSpec {
  readonly llm: Pick<LlmConfig, 'vocabSize'>;
  readonly template: PromptTemplate;
  /** Folder with a tokenizer; undefined: `words`. */
  readonly tokenizerDir: string | undefined;
  readonly words: readonly string[];
}

/** @throws CalmError where the vocabulary has more tokens than the embedding has rows. */
export function openLanguage({ llm, template, tokenizerDir, words }: LanguageSpec): Language {
  const tokenizer = tokenizerDir === undefined ? createWordTokenizer(words) : openLlamaTokenizer(tokenizerDir);
  if (tokenizerDir !== undefined) checkVocabulary(tokenizerDir, tokenizer.vocabSize, llm.vocabSize);
  else if (tokenizer.vocabSize > llm.vocabSize)
    throw new CalmError(
      'invalid_config',
      `llm.vocabSize must be at least ${tokenizer.vocabSize}, the words of the data (got ${llm.vocabSize})`,
    );
  return {
    tokenizer,
    instruct: (instruction, numImages) => instructionPrompt(tokenizer, template, instruction, numImages),
    converse: (turns, numImages) => conversationPrompt(tokenizer, template, turns, numImages),
    caption: captionPrompt(tokenizer, template),
  };
}

/** @throws CalmError `invalid_config` when scorePrefix has a word the tokenizer does not know. */
export function checkKnown(tokenizer: Tokenizer, scorePrefix: string): void {
  if (tokenizer.encode(scorePrefix).includes(tokenizer.unknownId))
    throw new CalmError('invalid_config', `scorePrefix: the tokenizer lacks a word of \`${scorePrefix}\``);
}

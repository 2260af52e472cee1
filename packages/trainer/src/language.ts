// The words of the embedded default and the fixed parts of its prompts as token ids.
import { CalmError, type LlmConfig } from '@calm-orch/core';
import { instructions, vocabularyWords, type InstructionKind } from '@calm-orch/data';
import { createWordTokenizer, type Tokenizer } from '@calm-orch/model';

export interface Language {
  readonly tokenizer: Tokenizer;
  /** Ids of the instruction of a task; generic pre-training has none. */
  instruction(kind: InstructionKind): number[];
}

/** @throws CalmError `invalid_config` when the vocabulary has more words than the embedding has rows. */
export function studioLanguage(llm: LlmConfig): Language {
  const tokenizer = createWordTokenizer(vocabularyWords());
  if (tokenizer.vocabSize > llm.vocabSize)
    throw new CalmError(
      'invalid_config',
      `llm.vocabSize must be at least ${tokenizer.vocabSize}, the words of the data (got ${llm.vocabSize})`,
    );
  return { tokenizer, instruction: (kind) => tokenizer.encode(instructions[kind][0]) };
}

/** @throws CalmError `invalid_config` when scorePrefix has a word the tokenizer does not know. */
export function checkKnown({ tokenizer }: Language, scorePrefix: string): void {
  if (tokenizer.encode(scorePrefix).includes(tokenizer.unknownId))
    throw new CalmError('invalid_config', `scorePrefix: the vocabulary lacks a word of \`${scorePrefix}\``);
}

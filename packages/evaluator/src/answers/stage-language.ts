// The language an evaluated model was trained in: that of the foundation it started from.
import type { LlmConfig, TrialConfig } from '@calm-orch/core';
import { vocabularyWords } from '@calm-orch/datasets';
import { openFoundation, openLanguage, type Language, type TaskPrompt } from '@calm-orch/model';

export interface StageLanguageConfig extends Pick<TrialConfig, 'prompt'> {
  readonly llm: LlmConfig;
}

/** A prompt that ends in the first tokens of the answer. */
export const withAnswerStart = (
  { prefix, suffix }: Pick<TaskPrompt, 'prefix' | 'suffix'>,
  start: readonly number[],
) => ({
  prefix,
  suffix: [...suffix, ...start],
});

export function openStageLanguage({ llm, prompt }: StageLanguageConfig, foundationDir: string | undefined): Language {
  const foundation = openFoundation(foundationDir);
  try {
    const { tokenizerDir } = foundation;
    return openLanguage({ llm, template: prompt.template, tokenizerDir, words: vocabularyWords() });
  } finally {
    foundation.close();
  }
}

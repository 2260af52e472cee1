// The language of the stages: tokenizer and prompts, of the embedded data or of a language model's folder.
import type { LlmConfig, TrialConfig } from '@calm-orch/core';
import { vocabularyWords } from '@calm-orch/datasets';
import { openLanguage, type Foundation, type Language } from '@calm-orch/model';

export interface LanguageConfig extends Pick<TrialConfig, 'prompt'> {
  readonly llm: LlmConfig;
}

export const languageOf = ({ llm, prompt }: LanguageConfig, foundation: Foundation): Language =>
  openLanguage({ llm, template: prompt.template, tokenizerDir: foundation.tokenizerDir, words: vocabularyWords() });

// Whether a tokenizer can say what is read from answers, asked before anything is trained.
import type { TrialConfig } from '@calm-orch/core';
import { vocabularyWords } from '@calm-orch/datasets';
import { checkKnown, openLanguage } from '@calm-orch/model';
import { expectationReader, levelsReader } from './read-score.ts';

/**
 * @param tokenizerDir Of the language model; undefined: the words of the embedded data.
 * @throws CalmError `invalid_config` naming what the tokenizer lacks for the scores a trial reads.
 */
export function checkReadout(trial: TrialConfig, tokenizerDir: string | undefined): void {
  const { llm, prompt, evaluate, scorePrefix } = trial;
  const { scores, personal, scoreReadout } = evaluate;
  if (!scores && !personal) return;
  const { tokenizer } = openLanguage({ llm, template: prompt.template, tokenizerDir, words: vocabularyWords() });
  // Personalized assessment prints the expectation beside whatever is configured.
  if (personal || scoreReadout === 'expectation') expectationReader(tokenizer);
  if (scores && scoreReadout === 'levels') levelsReader(tokenizer);
  checkKnown(tokenizer, scorePrefix);
}

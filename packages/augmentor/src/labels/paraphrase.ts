// Pseudo-labels in other words: each template sentence is given to a language model, and its answer is taken only if it
// keeps every attribute and its direction; else the template stays, and is counted. The choice is recorded by the caller:
// what was trained on is in the stage's artifact, whatever the model would answer today.
import type { OpenaiConfig } from '@calm-orch/core';
import {
  atOnce,
  rememberedAnswers,
  withoutThoughts,
  type AnswerCache,
  type AskModel,
} from '@calm-orch/datasets/language-model';
import { keepsMeaning } from './meaning.ts';

/** `paraphrased`; or the template was kept: `changed` (another meaning), `unanswered`, `unpaid`. */
export type Outcome = 'paraphrased' | 'changed' | 'unanswered' | 'unpaid';

export interface Paraphrase {
  readonly template: string;
  /** What to train on. */
  readonly text: string;
  readonly outcome: Outcome;
}

export interface ParaphraseOptions {
  readonly config: OpenaiConfig;
  readonly cache: AnswerCache;
  readonly ask: AskModel;
}

/** The setting that wants a language model. */
export const labelsSetting = 'labels: openai';

const system =
  'You rewrite one sentence about photographs in other words. Keep every attribute it names and its direction, keep which ' +
  'photograph is meant (write "first" and "second" where the sentence does), add nothing. Of one photograph "darker" means ' +
  'darker than before: do not make it "dark". Do not negate. Answer with the one rewritten sentence alone.';

/** Answers that change the meaning are asked for once more. */
const numTries = 2;

/**
 * Paraphrases of different sentences, `config.concurrency` at a time; in the order given.
 * @throws CalmError `refused` when the model does not answer any more: what was answered is in the cache.
 */
export async function paraphraseAll(
  templates: readonly string[],
  { config, cache, ask }: ParaphraseOptions,
): Promise<Paraphrase[]> {
  const answerTo = rememberedAnswers({ config, setting: labelsSetting, cache, ask });
  return atOnce(templates, config.concurrency, async (template): Promise<Paraphrase> => {
    for (let attempt = 0; attempt < numTries; attempt++) {
      const answer = await answerTo({ system, user: template }, attempt);
      if ('failed' in answer)
        return { template, text: template, outcome: answer.failed === 'unpaid' ? 'unpaid' : 'unanswered' };
      const text = asLabel(answer.text);
      if (isSentence(text, template) && keepsMeaning(template, text)) return { template, text, outcome: 'paraphrased' };
    }
    return { template, text: template, outcome: 'changed' };
  });
}

/** In the form of the other labels: lower case, marks set apart. */
export function asLabel(answer: string): string {
  const words = withoutThoughts(answer)
    .trim()
    .replace(/^["'“”‘]+|["'“”’]+$/g, '')
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/\s*([.,;:!?])(?=\s|$)/g, ' $1 ')
    .split(/\s+/)
    .filter((word) => word !== '');
  return /^[.!?]$/.test(words.at(-1) ?? '') ? words.join(' ') : [...words, '.'].join(' ');
}

/** One sentence, of printable characters, not much longer than what it paraphrases. */
function isSentence(text: string, template: string): boolean {
  const plain = /^[a-z0-9 ,.;:'-]+$/.test(text);
  return plain && (text.match(/ [.!?](?= |$)/g) ?? []).length === 1 && text.length <= 2 * template.length + 60;
}

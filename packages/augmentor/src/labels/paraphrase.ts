// Pseudo-labels in other words: each template sentence is given to a language model, and its answer is taken only if it
// keeps every attribute and its direction; else the template stays, and is counted. The choice is recorded by the caller:
// what was trained on is in the stage's artifact, whatever the model would answer today.
import { canonicalJson, CalmError, sha256, type OpenaiConfig } from '@calm-orch/core';
import type { AskModel } from './ask-model.ts';
import { withoutThoughts } from './completion.ts';
import type { LabelCache } from './label-cache.ts';
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
  readonly cache: LabelCache;
  readonly ask: AskModel;
}

const system =
  'You rewrite one sentence about photographs in other words. Keep every attribute it names and its direction, keep which ' +
  'photograph is meant (write "first" and "second" where the sentence does), add nothing. Of one photograph "darker" means ' +
  'darker than before: do not make it "dark". Do not negate. Answer with the one rewritten sentence alone.';

/** Answers that change the meaning are asked for once more. */
const numTries = 2;
/** So many sentences in a row without an answer: there is nobody there. */
const maxUnanswered = 5;

/**
 * Paraphrases of different sentences, `config.concurrency` at a time; in the order given.
 * @throws CalmError `refused` when the model does not answer any more: what was answered is in the cache.
 */
export async function paraphraseAll(
  templates: readonly string[],
  { config, cache, ask }: ParaphraseOptions,
): Promise<Paraphrase[]> {
  const results: Paraphrase[] = Array.from({ length: templates.length });
  let next = 0;
  let unanswered = 0;
  const paraphraseOne = async (template: string): Promise<Paraphrase> => {
    for (let attempt = 0; attempt < numTries; attempt++) {
      const question = questionId(config, template, attempt);
      let answer = cache.answerTo(question);
      if (answer === null) {
        const given = await ask({ system, user: template });
        if ('failed' in given) {
          if (given.failed === 'unpaid') return { template, text: template, outcome: 'unpaid' };
          unanswered += 1;
          if (unanswered >= maxUnanswered) throw silent(config, unanswered, given.reason);
          return { template, text: template, outcome: 'unanswered' };
        }
        unanswered = 0;
        answer = cache.keepAnswer(question, given.text);
      }
      const text = asLabel(answer);
      if (isSentence(text, template) && keepsMeaning(template, text)) return { template, text, outcome: 'paraphrased' };
    }
    return { template, text: template, outcome: 'changed' };
  };
  const work = async (): Promise<void> => {
    try {
      while (next < templates.length) {
        const i = next++;
        results[i] = await paraphraseOne(templates[i]!);
      }
    } catch (error) {
      // The others end with what they are at.
      next = templates.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(config.concurrency, templates.length) }, work));
  return results;
}

/** Everything the answer depends on, but for chance: `attempt` tells apart answers to the same words. */
function questionId({ baseUrl, model, temperature }: OpenaiConfig, template: string, attempt: number): string {
  return sha256(canonicalJson({ baseUrl, model, temperature, system, template, attempt }));
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

function silent({ baseUrl, model }: OpenaiConfig, count: number, reason: string): CalmError {
  return new CalmError(
    'refused',
    `labels: openai: ${count} questions in a row to ${model} at ${baseUrl} were not answered (${reason}): check the server and resume; answers so far are kept`,
  );
}

// The labels of an item's pairs in a language model's words: each sentence of the grammar is asked about once, wherever it
// stands.
import type { Labels } from '@calm-orch/datasets';
import { withLanguageModel, type LanguageModelOptions } from '@calm-orch/datasets/language-model';
import { labelsSetting, paraphraseAll, type Outcome, type Paraphrase } from './paraphrase.ts';

export interface WordedLabels<P> {
  readonly pairs: P[];
  /** Of every different sentence, in order of first use: what it became. */
  readonly paraphrases: readonly Paraphrase[];
  /** Sentences by outcome; US dollars spent on them, by the prices of the configuration. */
  readonly counts: Readonly<Record<`labels/${Outcome | 'usd'}`, number>>;
}

/** @throws CalmError `invalid_config`, `refused` or `cancelled`; answers that came before are in the cache. */
export function wordLabels<P extends { readonly labels: Labels }>(
  pairs: readonly P[],
  options: Omit<LanguageModelOptions, 'setting'>,
): Promise<WordedLabels<P>> {
  const { config } = options;
  return withLanguageModel({ ...options, setting: labelsSetting }, async ({ ask, cache }) => {
    const sentences = [...new Set(pairs.flatMap(({ labels }) => [...sentencesOf(labels)]))];
    const paraphrases = await paraphraseAll(sentences, { config, cache, ask });
    const textOf = new Map(paraphrases.map(({ template, text }) => [template, text]));
    const count = (outcome: Outcome): number => paraphrases.filter((one) => one.outcome === outcome).length;
    return {
      pairs: pairs.map((pair) => ({ ...pair, labels: mapLabels(pair.labels, (text) => textOf.get(text)!) })),
      paraphrases,
      counts: {
        'labels/paraphrased': count('paraphrased'),
        'labels/changed': count('changed'),
        'labels/unanswered': count('unanswered'),
        'labels/unpaid': count('unpaid'),
        'labels/usd': ask.usd(),
      },
    };
  });
}

const sentencesOf = ({ single, augmentedFirst, augmentedSecond }: Labels): readonly string[] => [
  ...single,
  ...augmentedFirst,
  ...augmentedSecond,
];

function mapLabels({ single, augmentedFirst, augmentedSecond }: Labels, change: (text: string) => string): Labels {
  return {
    single: single.map(change),
    augmentedFirst: augmentedFirst.map(change),
    augmentedSecond: augmentedSecond.map(change),
  };
}

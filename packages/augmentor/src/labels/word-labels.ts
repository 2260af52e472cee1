// The labels of an item's pairs in a language model's words: each sentence of the grammar is asked about once, wherever it
// stands. Waits for the network while the stage's clock runs, so it says that it is alive.
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CalmError, combineSignals, type OpenaiConfig, type StageContext } from '@calm-orch/core';
import type { Labels } from '@calm-orch/datasets';
import { createAskModel, createClient } from './ask-model.ts';
import { openLabelCache } from './label-cache.ts';
import { paraphraseAll, type Outcome, type Paraphrase } from './paraphrase.ts';

export interface WordedLabels<P> {
  readonly pairs: P[];
  /** Of every different sentence, in order of first use: what it became. */
  readonly paraphrases: readonly Paraphrase[];
  /** Sentences by outcome; US dollars spent on them, by the prices of the configuration. */
  readonly counts: Readonly<Record<`labels/${Outcome | 'usd'}`, number>>;
}

export interface WordOptions extends Pick<StageContext, 'stage' | 'signal' | 'alive'> {
  readonly config: OpenaiConfig;
  /** Folder of the cache that all runs share. */
  readonly cacheDir: string;
  /** Holds OPENAI_API_KEY. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since 1970: the rate is one of all processes. @default Date.now */
  readonly now?: () => number;
}

const pulseMs = 1000;

/** @throws CalmError `invalid_config`, `refused` or `cancelled`; answers that came before are in the cache. */
export async function wordLabels<P extends { readonly labels: Labels }>(
  pairs: readonly P[],
  { config, cacheDir, env, stage, alive, now = Date.now, ...options }: WordOptions,
): Promise<WordedLabels<P>> {
  const { signal, dispose } = combineSignals(options.signal);
  // Several questions wait at once.
  setMaxListeners(0, signal);
  const client = await createClient(config, env);
  const cache = openLabelCache(join(cacheDir, 'labels.db'));
  const pulse = setInterval(() => alive?.(), pulseMs);
  try {
    const ask = createAskModel(client, { config, cache, account: stage.key, signal, now, sleep });
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
  } finally {
    clearInterval(pulse);
    dispose();
    cache.close();
  }
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

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, { signal });
  } catch {
    throw new CalmError('cancelled', 'waiting to ask for labels was cancelled');
  }
}

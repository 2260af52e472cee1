// Questions of a stage to a language model: several at a time, each asked once for all runs, as long as there is somebody
// who answers. Waits for the network while the stage's clock runs, so it says that it is alive.
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  canonicalJson,
  CalmError,
  combineSignals,
  sha256,
  type OpenaiConfig,
  type StageContext,
} from '@calm-orch/core';
import { createAskModel, createClient, type Answer, type AskModel, type Question } from './ask-model.ts';
import { openAnswerCache, type AnswerCache } from './answer-cache.ts';

export interface LanguageModelOptions extends Pick<StageContext, 'stage' | 'signal' | 'alive'> {
  readonly config: OpenaiConfig;
  /** The setting that wants it, for messages. */
  readonly setting: string;
  /** Folder of the cache that all runs share. */
  readonly cacheDir: string;
  /** Holds OPENAI_API_KEY. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since 1970: the rate is one of all processes. @default Date.now */
  readonly now?: () => number;
}

const pulseMs = 1000;
/** So many questions in a row without an answer: there is nobody there. */
const maxUnanswered = 5;

/** What `use` makes of a language model. @throws CalmError `invalid_config`, `refused` or `cancelled`. */
export async function withLanguageModel<T>(
  { config, setting, cacheDir, env, stage, alive, now = Date.now, ...options }: LanguageModelOptions,
  use: (model: { readonly ask: AskModel; readonly cache: AnswerCache }) => Promise<T>,
): Promise<T> {
  const { signal, dispose } = combineSignals(options.signal);
  // Several questions wait at once.
  setMaxListeners(0, signal);
  const client = await createClient(config, env, setting);
  const cache = openAnswerCache(join(cacheDir, 'labels.db'));
  const pulse = setInterval(() => alive?.(), pulseMs);
  try {
    return await use({ ask: createAskModel(client, { config, cache, account: stage.key, signal, now, sleep }), cache });
  } finally {
    clearInterval(pulse);
    dispose();
    cache.close();
  }
}

export interface RememberOptions {
  readonly config: OpenaiConfig;
  readonly setting: string;
  readonly cache: AnswerCache;
  readonly ask: AskModel;
}

/**
 * Asks what the cache does not know; `attempt` tells apart answers to the same words.
 * @throws CalmError `refused` when the model does not answer any more: what was answered is in the cache.
 */
export function rememberedAnswers({ config, setting, cache, ask }: RememberOptions) {
  const { baseUrl, model, temperature } = config;
  let unanswered = 0;
  return async ({ system, user }: Question, attempt: number): Promise<Answer> => {
    // Everything the answer depends on, but for chance.
    const id = sha256(canonicalJson({ baseUrl, model, temperature, system, template: user, attempt }));
    const known = cache.answerTo(id);
    if (known !== null) return { text: known };
    const given = await ask({ system, user });
    if ('text' in given) {
      unanswered = 0;
      return { text: cache.keepAnswer(id, given.text) };
    }
    if (given.failed === 'none' && ++unanswered >= maxUnanswered)
      throw new CalmError(
        'refused',
        `${setting}: ${unanswered} questions in a row to ${model} at ${baseUrl} were not answered (${given.reason}): check the server and resume; answers so far are kept`,
      );
    return given;
  };
}

/** What `work` makes of each item, `concurrency` at a time; in the order given. */
export async function atOnce<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    try {
      while (next < items.length) {
        const i = next++;
        results[i] = await work(items[i]!);
      }
    } catch (error) {
      // The others end with what they are at.
      next = items.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, { signal });
  } catch {
    throw new CalmError('cancelled', 'waiting to ask a language model was cancelled');
  }
}

// One question to a language model behind an OpenAI-compatible address: rate-limited, within a budget, asked again after
// errors that pass. The key comes from the environment, goes into the client and nowhere else.
import type OpenAI from 'openai';
import { CalmError, combineSignals, type OpenaiConfig } from '@calm-orch/core';
import type { LabelCache } from './label-cache.ts';

export interface AskOptions {
  readonly config: OpenaiConfig;
  readonly cache: LabelCache;
  /** Whose budget it is: the key of the stage. */
  readonly account: string;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly now: () => number;
  /** Waits; rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** `none`: no attempt was answered; `unpaid`: the budget is used up. */
export type Answer = { readonly text: string } | { readonly failed: 'none' | 'unpaid'; readonly reason: string };

export interface AskModel {
  (question: { readonly system: string; readonly user: string }): Promise<Answer>;
  /** US dollars its questions have cost. */
  readonly usd: () => number;
}

/** Tokens of an answer; a label is one sentence. */
const maxTokens = 80;
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/** Whether the address is served only to who has a key. */
export function needsKey({ baseUrl }: Pick<OpenaiConfig, 'baseUrl'>): boolean {
  return new URL(baseUrl).hostname.endsWith('openai.com');
}

/** The key in `env`, if any. @throws CalmError `invalid_config` where there is none and one is needed. */
export function apiKeyOf(config: Pick<OpenaiConfig, 'baseUrl'>, env: NodeJS.ProcessEnv): string | undefined {
  const apiKey = env['OPENAI_API_KEY'] || undefined;
  if (apiKey === undefined && needsKey(config))
    throw new CalmError(
      'invalid_config',
      `labels: openai needs a key for ${config.baseUrl}: set OPENAI_API_KEY in the environment, or openai.baseUrl to a server that needs none`,
    );
  return apiKey;
}

/** The client; `env` has OPENAI_API_KEY. @throws CalmError `invalid_config` without a key where one is needed. */
export async function createClient(config: OpenaiConfig, env: NodeJS.ProcessEnv): Promise<OpenAI> {
  const apiKey = apiKeyOf(config, env);
  const { default: Client } = await import('openai');
  return new Client({
    apiKey: apiKey ?? 'none',
    baseURL: config.baseUrl,
    organization: null,
    project: null,
    // Attempts are counted, limited and paid for here.
    maxRetries: 0,
    timeout: config.timeoutSeconds * 1000,
    // Its debug output would name headers.
    logLevel: 'off',
  });
}

/** @throws CalmError `unavailable` where asking again cannot help (key, model or address refused), `cancelled`. */
export function createAskModel(client: OpenAI, { config, cache, account, signal, now, sleep }: AskOptions): AskModel {
  const { baseUrl, model, temperature, requestsPerMinute, maxAttempts, maxUsd } = config;
  const intervalMs = 60_000 / requestsPerMinute;
  const cost = (input: number, output: number): number =>
    (input * config.usdPerMillionInputTokens + output * config.usdPerMillionOutputTokens) / 1e6;
  let usd = 0;
  const settle = (estimate: number, actual: number): void => {
    cache.settle(account, estimate, actual);
    usd += actual - estimate;
  };
  const ask = async ({ system, user }: { readonly system: string; readonly user: string }): Promise<Answer> => {
    let reason = '';
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const at = cache.nextTime(baseUrl, now(), intervalMs);
      await sleep(at - now(), signal);
      // A token has at least one byte, so this is never too little.
      const estimate = cost(Buffer.byteLength(system + user) + 32, maxTokens);
      if (!cache.reserve(account, estimate, maxUsd))
        return { failed: 'unpaid', reason: `openai.maxUsd ${maxUsd} is spent` };
      usd += estimate;
      // The client leaves its listeners at the signal it is given.
      const request = combineSignals(signal);
      try {
        const completion = await client.chat.completions.create(
          {
            model,
            temperature,
            max_tokens: maxTokens,
            messages: [
              { role: 'system', content: system },
              { role: 'user', content: user },
            ],
          },
          { signal: request.signal },
        );
        const { usage } = completion;
        if (usage) settle(estimate, cost(usage.prompt_tokens, usage.completion_tokens));
        const text = completion.choices?.[0]?.message?.content;
        if (typeof text === 'string') return { text };
        reason = 'an answer without text';
      } catch (error) {
        if (signal.aborted) throw new CalmError('cancelled', 'asking for labels was cancelled');
        const { status, waitMs } = failureOf(error);
        reason = status === undefined ? 'no answer in time, or no connection' : `HTTP ${status}`;
        // A refused request costs nothing; one that was cut off may have been answered and paid.
        if (status !== undefined) settle(estimate, 0);
        if (status !== undefined && isFinal(status)) throw refused(config, status);
        if (status === 429) cache.pause(baseUrl, now() + Math.max(waitMs, firstWaitMs));
        if (attempt + 1 < maxAttempts)
          await sleep(Math.min(longestWaitMs, Math.max(waitMs, firstWaitMs * 2 ** attempt)), signal);
      } finally {
        request.dispose();
      }
    }
    return { failed: 'none', reason };
  };
  return Object.assign(ask, { usd: () => usd });
}

/** The request itself is refused: 408, 409, 429 and all of 500 pass. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 409, 429].includes(status);
}

/** The server's own words may hold a part of the key: they are not repeated. */
function refused({ baseUrl, model }: OpenaiConfig, status: number): CalmError {
  const why =
    status === 401 || status === 403
      ? 'check OPENAI_API_KEY'
      : status === 404
        ? `check openai.baseUrl and openai.model (${model})`
        : 'check the openai settings';
  return new CalmError('unavailable', `labels: openai: ${baseUrl} refused the request (HTTP ${status}): ${why}`);
}

/** Status of an answer, and how long it asks to wait. No status: there was no (whole) answer. */
function failureOf(error: unknown): { readonly status: number | undefined; readonly waitMs: number } {
  const { status, headers } = error as { readonly status?: number; readonly headers?: Headers };
  const seconds = Number(headers?.get('retry-after') ?? 0);
  const waitMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 2 * longestWaitMs) : 0;
  return { status: typeof status === 'number' ? status : undefined, waitMs };
}

// One question to a language model behind an OpenAI-compatible address: rate-limited, within a budget, asked again after
// errors that pass. The key comes from the environment, goes into the client and nowhere else.
import type OpenAI from 'openai';
import { CalmError, combineSignals, type OpenaiConfig } from '@calm-orch/core';
import { apiKeyOf } from './api-key.ts';
import { textOf, usageOf } from './completion.ts';
import type { AnswerCache } from './answer-cache.ts';
import { failureOf, refused, type RequestFailure } from './request-failure.ts';
import { firstForm, formAfter, type RequestForm } from './request-form.ts';

export interface AskOptions {
  readonly config: OpenaiConfig;
  readonly cache: AnswerCache;
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

export interface Question {
  readonly system: string;
  readonly user: string;
}

export interface AskModel {
  (question: Question): Promise<Answer>;
  /** US dollars its questions have cost. */
  readonly usd: () => number;
}

export interface Client {
  readonly openai: OpenAI;
  readonly hasKey: boolean;
  readonly setting: string;
}

/** Tokens of an answer; the longest is one sentence. */
const maxTokens = 80;
/** Answers without text cost money too, and the next is seldom better. */
const maxEmptyAnswers = 2;
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/** `env` has OPENAI_API_KEY; `setting` is what wants a model, for messages. @throws CalmError `invalid_config` as `apiKeyOf`. */
export async function createClient(config: OpenaiConfig, env: NodeJS.ProcessEnv, setting: string): Promise<Client> {
  const apiKey = apiKeyOf(config, env, setting);
  const { default: OpenAIClient } = await import('openai');
  const openai = new OpenAIClient({
    apiKey: apiKey ?? 'none',
    baseURL: config.baseUrl,
    organization: null,
    project: null,
    // Attempts are counted, limited and paid for here.
    maxRetries: 0,
    timeout: config.timeoutSeconds * 1000,
    // Its debug output would name headers.
    logLevel: 'off',
    // The address that was checked is the one that is asked, and gets no header but these.
    fetch: async (url, init) => {
      const response = await fetch(url, {
        ...init,
        redirect: 'manual',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
      });
      return response.status < 400 ? response : withError(response);
    },
  });
  return { openai, hasKey: apiKey !== undefined, setting };
}

/** The client drops what a refusal says unless it stands under `error`; many servers put it elsewhere. */
async function withError(response: Response): Promise<Response> {
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Plain words.
  }
  const isWrapped = typeof body === 'object' && body !== null && 'error' in body;
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  headers.delete('content-encoding');
  return new Response(JSON.stringify(isWrapped ? body : { error: body }), { status: response.status, headers });
}

/** @throws CalmError `refused` where asking again cannot help (key, model, address or parameter), `cancelled`. */
export function createAskModel(client: Client, { config, cache, account, signal, now, sleep }: AskOptions): AskModel {
  const { baseUrl, requestsPerMinute, maxAttempts, maxUsd } = config;
  const intervalMs = 60_000 / requestsPerMinute;
  const cost = (input: number, output: number): number =>
    (input * config.usdPerMillionInputTokens + output * config.usdPerMillionOutputTokens) / 1e6;
  let usd = 0;
  const settle = (estimate: number, actual: number): void => {
    cache.settle(account, estimate, actual);
    usd += actual - estimate;
  };
  // Until a request was not refused, one is under way: a server that refuses is asked once, and what it teaches is known.
  let open = (): void => {};
  const notRefused = new Promise<void>((resolve) => (open = resolve));
  const formNow = (): RequestForm => cache.form(account) ?? firstForm;
  /** Keeps the form that may be wanted instead of the one that was refused. */
  const learn = (form: RequestForm, failure: RequestFailure): boolean => {
    // Another question may have learned it meanwhile.
    if (JSON.stringify(form) !== JSON.stringify(formNow())) return true;
    const next = formAfter(form, failure);
    if (next !== null) cache.keepForm(account, next);
    return next !== null;
  };
  const ask = async ({ system, user }: Question): Promise<Answer> => {
    let reason = '';
    let numEmpty = 0;
    for (let attempt = 0; attempt < maxAttempts && numEmpty < maxEmptyAnswers; attempt++) {
      const at = cache.nextTime(baseUrl, now(), intervalMs);
      await sleep(at - now(), signal);
      // A token has at least one byte, so this is never too little.
      const estimate = cost(Buffer.byteLength(system + user) + 32, maxTokens);
      if (!cache.reserve(account, estimate, maxUsd))
        return { failed: 'unpaid', reason: `openai.maxUsd ${maxUsd} is spent` };
      usd += estimate;
      const form = formNow();
      // The client leaves its listeners at the signal it is given.
      const request = combineSignals(signal);
      try {
        const completion: unknown = await client.openai.chat.completions.create(
          bodyOf(config, form, { system, user }),
          { signal: request.signal },
        );
        open();
        const usage = usageOf(completion);
        if (usage) settle(estimate, cost(usage.input, usage.output));
        const said = textOf(completion);
        if ('text' in said) return said;
        ({ reason } = said);
        numEmpty += 1;
      } catch (error) {
        if (signal.aborted) throw new CalmError('cancelled', 'asking a language model was cancelled');
        const failure = failureOf(error, now());
        const { status, waitMs } = failure;
        if (!failure.final) open();
        reason = status === undefined ? 'no answer in time, or no connection' : `HTTP ${status}`;
        // A refused request costs nothing; one that was cut off may have been answered and paid.
        if (status !== undefined) settle(estimate, 0);
        if (failure.final) {
          if (!learn(form, failure)) throw refused(config, failure, client);
          attempt -= 1;
          continue;
        }
        if (status === 429) cache.pause(baseUrl, now() + Math.max(waitMs, firstWaitMs));
        if (attempt + 1 < maxAttempts)
          await sleep(Math.max(waitMs, Math.min(longestWaitMs, firstWaitMs * 2 ** attempt)), signal);
      } finally {
        request.dispose();
      }
    }
    return { failed: 'none', reason };
  };
  let first: Promise<Answer> | null = null;
  const inTurn = async (question: Question): Promise<Answer> => {
    if (first === null) return (first = ask(question));
    await Promise.race([notRefused, first]);
    return ask(question);
  };
  return Object.assign(inTurn, { usd: () => usd });
}

function bodyOf({ model, temperature }: OpenaiConfig, form: RequestForm, { system, user }: Question) {
  return {
    model,
    ...(form.temperature && { temperature }),
    ...(form.limit !== null && { [form.limit]: maxTokens }),
    // Some stream unless told not to.
    stream: false as const,
    messages: [
      { role: 'system' as const, content: system },
      { role: 'user' as const, content: user },
    ],
  };
}

// Why a request brought no answer, from what the client throws: whether asking again can help, how long to wait, and which
// parameter the server does not want.
import { CalmError, type OpenaiConfig } from '@calm-orch/core';

export interface RequestFailure {
  /** Undefined: there was no (whole) answer. */
  readonly status: number | undefined;
  /** How long it asks to wait. */
  readonly waitMs: number;
  /** Asking again cannot help. */
  readonly final: boolean;
  /** What the server says, for a person. */
  readonly words: string;
  /** The parameter it complains of, if it says so. */
  readonly parameter?: string;
  /** `words` and all else of its body, to look for parameters in. */
  readonly body: string;
}

/** 408, 409, 429 and all of 500 pass; redirections are not followed. */
const passing = [408, 409, 429];
const longestWaitMs = 60_000;

export function failureOf(error: unknown, nowMs: number): RequestFailure {
  const {
    status,
    headers,
    error: body,
    code,
  } = error as {
    readonly status?: number;
    readonly headers?: Headers;
    readonly error?: unknown;
    readonly code?: unknown;
  };
  if (typeof status !== 'number') return { status: undefined, waitMs: 0, final: false, words: '', body: '' };
  // No quota is no rate: it does not pass.
  const final = code === 'insufficient_quota' || (status < 500 && !passing.includes(status));
  const { param } = (body ?? {}) as { readonly param?: unknown };
  return {
    status,
    waitMs: waitOf(headers, nowMs),
    final,
    words: wordsOf(body),
    body: JSON.stringify(body ?? ''),
    ...(typeof param === 'string' && param !== '' && { parameter: param }),
  };
}

/** `retry-after` in seconds or as a date, or `retry-after-ms`. */
function waitOf(headers: Headers | undefined, nowMs: number): number {
  const [after, afterMs] = [headers?.get('retry-after') ?? '', Number(headers?.get('retry-after-ms') ?? Number.NaN)];
  const seconds = after === '' ? Number.NaN : Number(after);
  const waits = [afterMs, seconds * 1000, Date.parse(after) - nowMs];
  const wait = waits.find((one) => Number.isFinite(one) && one > 0) ?? 0;
  return Math.min(wait, longestWaitMs);
}

function wordsOf(body: unknown): string {
  if (typeof body === 'string') return body;
  const { message, detail } = (body ?? {}) as { readonly message?: unknown; readonly detail?: unknown };
  if (typeof message === 'string') return message;
  return typeof detail === 'string' ? detail : detail === undefined ? '' : JSON.stringify(detail);
}

/** Whether the server names a parameter of the request: as one should, or somewhere in its words. */
export function names({ parameter: named, body }: RequestFailure, parameter: string): boolean {
  if (named !== undefined) return named === parameter;
  return new RegExp(`(?<![\\w-])${parameter}(?![\\w-])`).test(body);
}

const longestWords = 200;

/** What a person can do about a final refusal. Words about a key may hold a part of it: they are not repeated. */
export function refused(
  config: OpenaiConfig,
  { status, words, parameter = '' }: RequestFailure,
  { hasKey, setting }: { readonly hasKey: boolean; readonly setting: string },
): CalmError {
  const { baseUrl, model } = config;
  const said = [401, 403].includes(status!)
    ? ''
    : `: ${plain(words.includes(parameter) ? words : `${words} (${parameter})`)}`.replace(/: $/, '');
  return new CalmError(
    'refused',
    `${setting}: ${baseUrl} refused the request (HTTP ${status})${said}: ${remedy(status!, model, hasKey)}`,
  );
}

function remedy(status: number, model: string, withKey: boolean): string {
  if (status >= 300 && status < 400)
    return 'it redirects, which is not followed: set openai.baseUrl to where it points';
  if (status === 429) return 'the account has no quota left';
  if (status === 404) return `check openai.baseUrl and openai.model (${model})`;
  if (status !== 401 && status !== 403) return 'check the openai settings';
  return withKey
    ? 'check OPENAI_API_KEY'
    : 'no key was sent; if OPENAI_API_KEY is meant for this address, set OPENAI_BASE_URL to it';
}

/** One short line without anything that looks like a key. */
function plain(words: string): string {
  const line = words
    .replace(/[\p{C}\s]+/gu, ' ')
    .replace(/\b(?:sk|key|Bearer)[-_ ][\w*.-]{4,}/g, '…')
    .trim();
  return line.length > longestWords ? `${line.slice(0, longestWords)}…` : line;
}

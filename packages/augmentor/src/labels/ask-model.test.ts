// Servers that want to be asked in another way, or refuse; and who gets the key.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { nano, type OpenaiConfig } from '@calm-orch/core';
import {
  apiKeyOf,
  createAskModel,
  createClient,
  openAnswerCache,
  type AnswerCache,
} from '@calm-orch/datasets/language-model';
import { paraphraseAll } from './paraphrase.ts';

const key = 'sk-secret-4711';
const templates = ['this photo is too dark .', 'the blurred image .', 'it is overexposed .', 'a flat photo .'].concat(
  ['noisy', 'grainy', 'dull', 'pale', 'vivid', 'bright', 'dark', 'blocky'].map((word) => `the ${word} photo .`),
);

type Body = Record<string, unknown> & { readonly messages: readonly { readonly content: string }[] };
let dir: string;
let cache: AnswerCache;
let server: Server;
let asked: { body: Body; headers: IncomingHttpHeaders }[];
let behave: (response: ServerResponse, body: Body) => void;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-ask-'));
  cache = openAnswerCache(join(dir, 'labels.db'));
  asked = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
      asked.push({ body, headers: request.headers });
      behave(response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  cache.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
const say = (response: ServerResponse, content: unknown, more: object = {}): void =>
  send(response, 200, {
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content }, ...more }],
  });
const sentenceOf = ({ messages }: Body): string => messages.at(-1)!.content;
const urlOf = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;

async function paraphrase(changes: Partial<OpenaiConfig> = {}, env: NodeJS.ProcessEnv = {}) {
  const config = { ...nano.openai, baseUrl: urlOf(), requestsPerMinute: 60_000, timeoutSeconds: 5, ...changes };
  const client = await createClient(
    config,
    { OPENAI_API_KEY: key, OPENAI_BASE_URL: urlOf(), ...env },
    'labels: openai',
  );
  const { signal } = new AbortController();
  const sleep = (ms: number): Promise<void> => delay(Math.max(0, ms));
  const ask = createAskModel(client, { config, cache, account: 'augment-1', signal, now: Date.now, sleep });
  return paraphraseAll(templates, { config, cache, ask });
}
const outcomes = (results: Awaited<ReturnType<typeof paraphrase>>) => new Set(results.map(({ outcome }) => outcome));

describe('a server that refuses parameters', () => {
  const wants = (response: ServerResponse, body: Body, unwanted: readonly string[], told: (name: string) => object) => {
    const named = unwanted.find((name) => name in body);
    if (named !== undefined) send(response, 400, told(named));
    else say(response, sentenceOf(body));
  };

  it.each<[string, (name: string) => object]>([
    ['as OpenAI does', (param) => ({ error: { message: `Unsupported parameter: '${param}'.`, param } })],
    [
      'in words alone',
      (name) => ({ error: `${name} is not supported.${name === 'max_tokens' ? " Use 'max_completion_tokens'." : ''}` }),
    ],
    ['as FastAPI does', (name) => ({ detail: [{ loc: ['body', name], msg: 'extra fields not permitted' }] })],
  ])('is asked in the way it wants, which is learned once for the stage (%s)', async (_, told) => {
    behave = (response, body) => wants(response, body, ['max_tokens', 'temperature'], told);
    expect(outcomes(await paraphrase())).toEqual(new Set(['paraphrased']));
    expect(asked).toHaveLength(templates.length + 2);
    expect(asked.at(-1)!.body).toMatchObject({ max_completion_tokens: 80 });
    expect(asked.at(-1)!.body).not.toHaveProperty('temperature');
    const before = asked.length;
    await paraphrase({ model: 'another' });
    expect(asked).toHaveLength(before + templates.length);
  });

  it('is asked without any limit where it wants neither', async () => {
    behave = (response, body) =>
      wants(response, body, ['max_tokens', 'max_completion_tokens'], (param) => ({ error: { message: 'no', param } }));
    expect(outcomes(await paraphrase())).toEqual(new Set(['paraphrased']));
  });

  it.each([400, 403, 404, 422, 429])(
    'is asked once where nothing helps, and its reason is told (%d)',
    async (status) => {
      behave = (response) =>
        send(response, status, {
          error: { message: `bad 'messages' for ${key}`, param: 'messages', code: 'insufficient_quota' },
        });
      const error = await paraphrase().catch((thrown: unknown) => thrown as Error);
      expect(error).toMatchObject({ code: 'refused' });
      expect((error as Error).message).toContain(`(HTTP ${status})`);
      if (status !== 403) expect((error as Error).message).toContain("bad 'messages'");
      expect((error as Error).message).not.toContain('4711');
      expect(asked).toHaveLength(1);
    },
  );
});

describe('answers without a sentence', () => {
  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['null', (response) => say(response, null), /an answer without text/],
    ['empty', (response) => say(response, ' '), /an answer without text/],
    ['no choices', (response) => send(response, 200, { choices: [] }), /without choices/],
    ['cut off', (response) => say(response, null, { finish_reason: 'length' }), /cut off/],
    ['thoughts alone', (response) => say(response, '<think>so many words'), /thoughts without an answer/],
    [
      'a refusal',
      (response) => say(response, null, { message: { content: null, refusal: 'no' } }),
      /the model declined/,
    ],
    [
      'a stream',
      (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}\n\n'),
      /stream/,
    ],
  ])('fail the stage after five sentences in a row, each paid for twice at most: %s', async (_, answer, reason) => {
    behave = (response) => answer(response);
    const error = await paraphrase({ concurrency: 1 }).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'refused' });
    expect((error as Error).message).toMatch(/5 questions in a row .* were not answered/);
    expect((error as Error).message).toMatch(reason);
    expect(asked).toHaveLength(10);
  });
});

test('thoughts before the answer are dropped, and parts of an answer joined', async () => {
  const ways = [
    (text: string) => `<think>\nOther words: not "dark".\n</think>\n\n${text}`,
    (text: string) => `The user wants another sentence.</think>${text}`,
    (text: string) => `${text}\n<think>was that right?`,
    (text: string) => [
      { type: 'text', text: text.slice(0, 5) },
      { type: 'text', text: text.slice(5) },
    ],
  ];
  behave = (response, body) => say(response, ways[asked.length % ways.length]!(sentenceOf(body)));
  expect(outcomes(await paraphrase())).toEqual(new Set(['paraphrased']));
});

test('usage that is missing or no number is paid as estimated', async () => {
  behave = (response, body) =>
    send(response, 200, { choices: [{ message: { content: sentenceOf(body) } }], usage: { prompt_tokens: null } });
  expect(outcomes(await paraphrase())).toEqual(new Set(['paraphrased']));
  expect(cache.spent('augment-1')).toBeGreaterThan(0);
});

describe('the key', () => {
  const official = 'https://api.openai.com/v1';
  const own = 'https://llm.example.org/v1';

  it.each([
    [official, {}],
    ['https://eu.api.openai.com/v1', {}],
    [own, { OPENAI_BASE_URL: own }],
    [own, { OPENAI_BASE_URL: 'https://llm.example.org' }],
    ['http://localhost:8000/v1', { OPENAI_BASE_URL: 'http://localhost:8000/v1' }],
    ['http://[::1]:8000/v1', { OPENAI_BASE_URL: 'http://[::1]:8000' }],
  ])('goes to the host it is meant for: %s', (baseUrl, env) => {
    expect(apiKeyOf({ baseUrl }, { OPENAI_API_KEY: key, ...env }, 'labels: openai')).toBe(key);
  });

  it.each([
    [own, {}, /is for api\.openai\.com.*set OPENAI_BASE_URL=https:\/\/llm\.example\.org/],
    ['https://api.openai.com.example.org/v1', {}, /is for api\.openai\.com/],
    ['https://evilopenai.com/v1', {}, /is for api\.openai\.com/],
    ['https://openai.com@example.org/v1', {}, /is for api\.openai\.com/],
    [own, { OPENAI_BASE_URL: 'https://other.example.org/v1' }, /is for https:\/\/other\.example\.org/],
    [own, { OPENAI_BASE_URL: 'https://llm.example.org:8443/v1' }, /is for https:\/\/llm\.example\.org:8443/],
    [official, { OPENAI_BASE_URL: own }, /is for https:\/\/llm\.example\.org/],
    ['http://api.openai.com/v1', {}, /would go unencrypted/],
    ['http://llm.example.org/v1', { OPENAI_BASE_URL: 'http://llm.example.org/v1' }, /would go unencrypted/],
    ['http://localhost.example.org/v1', { OPENAI_BASE_URL: 'http://localhost.example.org' }, /would go unencrypted/],
    [official, { OPENAI_BASE_URL: 'nonsense' }, /OPENAI_BASE_URL: expected an address/],
    ['http://localhost:8000/v1', { OPENAI_BASE_URL: 'localhost:8000/v1' }, /OPENAI_BASE_URL: expected an address/],
    [official, { OPENAI_BASE_URL: 'https://user:pass@' }, /expected an address such as https:\/\/host\/v1$/],
  ])('goes nowhere else, which is told: %s', (baseUrl, env, message) => {
    expect(() => apiKeyOf({ baseUrl }, { OPENAI_API_KEY: key, ...env }, 'labels: openai')).toThrow(message);
  });

  it('is needed for the official address alone', () => {
    expect(() => apiKeyOf({ baseUrl: official }, {}, 'labels: openai')).toThrow(/set OPENAI_API_KEY/);
    expect(apiKeyOf({ baseUrl: own }, {}, 'labels: openai')).toBeUndefined();
    expect(
      apiKeyOf({ baseUrl: 'http://llm.example.org/v1' }, { OPENAI_BASE_URL: own }, 'labels: openai'),
    ).toBeUndefined();
  });

  it('is not sent to an address that the experiment file alone names, nor are headers of the environment', async () => {
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', `X-Secret: ${key}`);
    behave = (response, body) => say(response, sentenceOf(body));
    await paraphrase({}, { OPENAI_BASE_URL: '' });
    for (const { headers } of asked) {
      expect(headers.authorization).toBeUndefined();
      expect(JSON.stringify(headers)).not.toContain('4711');
    }
    behave = (response) => send(response, 401, { error: { message: 'who are you' } });
    await expect(paraphrase({ model: 'b' }, { OPENAI_BASE_URL: '' })).rejects.toThrow(
      /HTTP 401\): no key was sent; if OPENAI_API_KEY is meant for this address, set OPENAI_BASE_URL/,
    );
  });

  it('does not follow a redirection', async () => {
    const reached: IncomingHttpHeaders[] = [];
    const other = createServer((request, response) => {
      reached.push(request.headers);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      behave = (response) =>
        response.writeHead(307, { location: `http://127.0.0.1:${port}/v1/chat/completions` }).end();
      await expect(paraphrase()).rejects.toThrow(/HTTP 307\).*redirects, which is not followed/);
      expect(reached).toEqual([]);
      expect(asked).toHaveLength(1);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});

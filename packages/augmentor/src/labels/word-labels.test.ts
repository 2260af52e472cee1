// Paraphrases from a real HTTP server of this process that answers well, badly, late or not at all.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nano, rng, type OpenaiConfig } from '@calm-orch/core';
import { labelsOf } from '@calm-orch/datasets';
import { apiKeyOf, openAnswerCache } from '@calm-orch/datasets/language-model';
import { keepsMeaning } from './meaning.ts';
import { wordLabels } from './word-labels.ts';

const key = 'sk-secret-4711';

interface Asked {
  readonly sentence: string;
  readonly authorization: string | undefined;
  readonly body: { model: string; temperature: number; max_tokens: number };
  readonly atMs: number;
}

let cacheDir: string;
let server: Server;
let asked: Asked[];
/** What the server does with its n-th request. */
let behave: (response: ServerResponse, sentence: string, n: number) => void;

beforeEach(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), 'calm-orch-labels-'));
  asked = [];
  behave = (response, sentence) => answer(response, wellSaid(sentence));
  server = createServer((request, response) => {
    serve(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(cacheDir, { recursive: true, force: true });
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Asked['body'] & { messages: { content: string }[] };
  const sentence = body.messages.at(-1)!.content;
  asked.push({ sentence, authorization: request.headers.authorization, body, atMs: performance.now() });
  if (request.url !== '/v1/chat/completions') response.writeHead(404).end('{}');
  else behave(response, sentence, asked.length);
}

/** Another wording of any label: what it is compared with comes first. */
function wellSaid(sentence: string): string {
  return `"${sentence.replace(/ \.$/, '').replace(/\b(?:photo|image)\b/g, 'picture')}."`;
}

function answer(response: ServerResponse, content: string, usage = true): void {
  const tokens = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'x', object: 'chat.completion', choices, ...(usage && { usage: tokens }) }));
}

const pairs = Array.from({ length: 4 }, (_, i) => ({
  index: i,
  labels: labelsOf(i % 2 === 0 ? ['noise', 'darker'] : ['cropped'], rng('pair', i)),
}));
const allOf = ({ labels }: (typeof pairs)[number]) => [
  ...labels.single,
  ...labels.augmentedFirst,
  ...labels.augmentedSecond,
];
const sentences = new Set(pairs.flatMap(allOf));

function word(changes: Partial<OpenaiConfig> = {}, options: Partial<Parameters<typeof wordLabels>[1]> = {}) {
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const config = { ...nano.openai, baseUrl, requestsPerMinute: 60_000, timeoutSeconds: 5, ...changes };
  const stage = { key: 'augment-1', kind: 'augment' as const, config: {} };
  const signal = new AbortController().signal;
  const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl };
  return wordLabels(pairs, { config, cacheDir, stage, signal, env, ...options });
}

test('every sentence is asked about once, and its paraphrase stands wherever the sentence stood', async () => {
  const { pairs: worded, paraphrases, counts } = await word();
  expect(asked.map(({ sentence }) => sentence).sort()).toEqual([...sentences].sort());
  expect(asked[0]).toMatchObject({
    authorization: `Bearer ${key}`,
    body: { model: 'gpt-3.5-turbo', temperature: 0.7 },
  });
  expect(counts).toMatchObject({ 'labels/paraphrased': sentences.size, 'labels/changed': 0, 'labels/unpaid': 0 });
  expect(counts['labels/usd']).toBeCloseTo((sentences.size * (100 * 0.5 + 20 * 1.5)) / 1e6, 12);
  const textOf = new Map(paraphrases.map(({ template, text }) => [template, text]));
  expect(worded.flatMap(allOf)).toEqual(pairs.flatMap(allOf).map((text) => textOf.get(text)));
  for (const { template, text } of paraphrases) {
    expect(keepsMeaning(template, text)).toBe(true);
    expect(text).toMatch(/^[^"A-Z]+ \.$/);
  }
  expect(paraphrases.some(({ text }) => text.includes('picture'))).toBe(true);
});

test('the same again asks nobody, and another worker sees the same words', async () => {
  let n = 0;
  behave = (response, sentence) => answer(response, n++ % 2 === 0 ? wellSaid(sentence) : sentence);
  // At once, as two augmentors do: the first answer to a sentence is everybody's.
  const [one, two] = await Promise.all([word(), word()]);
  expect(one.paraphrases).toEqual(two.paraphrases);
  const before = asked.length;
  const again = await word();
  expect(again.pairs).toEqual(one.pairs);
  expect(again.counts['labels/usd']).toBe(0);
  expect(asked.length).toBe(before);
  await word({ model: 'another' });
  expect(asked.length).toBeGreaterThan(before);
});

test('429, 500, cut connections and answers that are no JSON are asked again', async () => {
  const failures: ((response: ServerResponse) => void)[] = [
    (response) => response.writeHead(429, { 'retry-after': '0.05' }).end('{"error":{"message":"slow down"}}'),
    (response) => response.writeHead(500).end('oops'),
    (response) => response.destroy(),
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[{"mess'),
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    (response) => response.writeHead(503).end(),
  ];
  behave = (response, sentence, n) =>
    n <= failures.length ? failures[n - 1]!(response) : answer(response, wellSaid(sentence));
  const { counts } = await word({ concurrency: 6 });
  expect(counts).toMatchObject({ 'labels/paraphrased': sentences.size, 'labels/unanswered': 0 });
  expect(asked.length).toBe(sentences.size + failures.length);
});

test('nonsense and changed meanings keep the template, are counted, and asked for twice', async () => {
  const nonsense = [
    'I am sorry, as a language model …',
    'the first image is upside down .',
    `${'very '.repeat(80)}dark .`,
  ];
  behave = (response, _, n) => answer(response, nonsense[n % nonsense.length]!, false);
  const { pairs: worded, paraphrases, counts } = await word();
  expect(worded).toEqual(pairs);
  expect(paraphrases.every(({ template, text, outcome }) => text === template && outcome === 'changed')).toBe(true);
  expect(counts).toMatchObject({ 'labels/paraphrased': 0, 'labels/changed': sentences.size });
  expect(asked.length).toBe(2 * sentences.size);
});

test('a sentence the server is too slow for keeps its template; a silent server is given up', async () => {
  const [slow] = sentences;
  behave = (response, sentence) => (sentence === slow ? undefined : answer(response, wellSaid(sentence)));
  const { counts, paraphrases } = await word({ timeoutSeconds: 0.1, maxAttempts: 2 });
  expect(paraphrases[0]).toEqual({ template: slow, text: slow, outcome: 'unanswered' });
  expect(counts).toMatchObject({ 'labels/unanswered': 1, 'labels/paraphrased': sentences.size - 1 });
  behave = () => undefined;
  await expect(word({ timeoutSeconds: 0.1, maxAttempts: 1, model: 'other' })).rejects.toThrow(
    /5 questions in a row to other at .* were not answered \(no answer in time, or no connection\): .* resume/,
  );
});

test('requests of all workers together keep the rate', async () => {
  await Promise.all([word({ requestsPerMinute: 1200 }), word({ requestsPerMinute: 1200, model: 'b' })]);
  const times = asked.map(({ atMs }) => atMs).sort((a, b) => a - b);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(50 * (asked.length - 1) * 0.9);
});

test('the spending cap holds over all workers and restarts, and what is left keeps its template', async () => {
  const cap = { maxUsd: 0.0012, concurrency: 2 };
  const { counts } = await word(cap);
  expect(counts['labels/unpaid']).toBeGreaterThan(0);
  expect(counts['labels/paraphrased']).toBeGreaterThan(0);
  expect(counts['labels/usd']).toBeLessThanOrEqual(cap.maxUsd);
  const before = asked.length;
  const again = await word(cap);
  expect(again.counts).toMatchObject({ 'labels/unpaid': counts['labels/unpaid'], 'labels/usd': 0 });
  expect(asked.length).toBe(before);
});

test('the key is nowhere: not in the cache, not in errors', async () => {
  await word();
  for (const name of readdirSync(cacheDir)) expect(readFileSync(join(cacheDir, name), 'latin1')).not.toContain(key);
  behave = (response) =>
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { message: `Incorrect API key provided: ${key}` } }));
  const error = await word({ model: 'refused' }).catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ message: expect.stringMatching(/HTTP 401\): check OPENAI_API_KEY/) as string });
  expect(String((error as Error).stack)).not.toContain('secret');
  expect((error as Error).cause).toBeUndefined();
});

test('a public address without a key is refused before anything is asked, a local one is not', async () => {
  await expect(word({ baseUrl: nano.openai.baseUrl }, { env: {} })).rejects.toThrow(
    /set OPENAI_API_KEY in the environment/,
  );
  expect(apiKeyOf({ baseUrl: 'http://127.0.0.1:8000/v1' }, {}, 'labels: openai')).toBeUndefined();
  expect((await word({}, { env: {} })).counts['labels/paraphrased']).toBe(sentences.size);
});

test('cancelling ends the waiting at once; a stage that waits says that it is alive', async () => {
  const controller = new AbortController();
  let alive = 0;
  behave = () => undefined;
  setTimeout(() => controller.abort(), 1300);
  const options = { signal: controller.signal, alive: () => void alive++ };
  await expect(word({}, options)).rejects.toMatchObject({ code: 'cancelled' });
  expect(alive).toBeGreaterThanOrEqual(1);
});

test('a clock that was wrong does not stop the asking for ever', () => {
  const cache = openAnswerCache(join(cacheDir, 'labels.db'));
  expect([cache.nextTime('a', 1000, 100), cache.nextTime('a', 1000, 100), cache.nextTime('b', 1000, 100)]).toEqual([
    1000, 1100, 1000,
  ]);
  cache.pause('a', 5000);
  expect(cache.nextTime('a', 2000, 100)).toBe(5000);
  cache.pause('a', 1e12);
  expect(cache.nextTime('a', 6000, 100)).toBe(6000);
  cache.close();
});

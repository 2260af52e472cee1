import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nano, type OpenaiConfig } from '@calm-orch/core';
import { modelVerdicts, type Judgement } from './model-judge.ts';

interface Asked {
  readonly system: string;
  readonly user: string;
  readonly headers: IncomingHttpHeaders;
}
let dir: string;
let server: Server;
let asked: Asked[];
let say: (question: Asked) => string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-judge-'));
  asked = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      const question = { system: messages[0]!.content, user: messages[1]!.content, headers: request.headers };
      asked.push(question);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content: say(question) } }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

const key = 'sk-secret-4711';
function judge(judgements: readonly Judgement[], changes: Partial<OpenaiConfig> = {}) {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const config = { ...nano.openai, temperature: 0, baseUrl, requestsPerMinute: 60_000, ...changes };
  const stage = { key: 'stage-1', kind: 'evaluate-suggest' as const, config: {} };
  const env = { OPENAI_API_KEY: key };
  return modelVerdicts(judgements, { config, stage, signal: new AbortController().signal, cacheDir: dir, env });
}
const noise: Judgement = { degradation: 'noise', answer: 'remove the grain .' };
const dark: Judgement = { degradation: 'darker', answer: 'remove the grain .' };

it('asks once about every different fault and suggestion, and never again what was answered', async () => {
  say = ({ system }) => (system.includes('noisy') ? 'Yes.' : '**No**, it speaks of noise.');
  const { verdictOf, usd } = await judge([noise, dark, { ...noise }]);
  expect([verdictOf(noise), verdictOf(dark)]).toEqual([true, false]);
  expect(asked).toHaveLength(2);
  expect(asked.map(({ user }) => user)).toEqual([noise.answer, noise.answer]);
  expect(usd).toBeGreaterThan(0);
  const again = await judge([dark, noise]);
  expect([again.verdictOf(noise), again.verdictOf(dark), again.usd]).toEqual([true, false, 0]);
  expect(asked).toHaveLength(2);
});

it('asks once more where the answer is neither yes nor no, and then has no verdict', async () => {
  say = ({ system }) => (system.includes('noisy') ? 'Perhaps.' : asked.length < 4 ? 'Hm.' : 'yes');
  const { verdictOf } = await judge([noise, dark], { concurrency: 1 });
  expect([verdictOf(noise), verdictOf(dark)]).toEqual([null, true]);
  expect(asked).toHaveLength(4);
});

it('ends where the budget is spent, says how to go on, and keeps what was answered', async () => {
  say = () => 'yes';
  const many = Array.from({ length: 20 }, (_, i): Judgement => ({ degradation: 'blur', answer: `sharpen ${i} .` }));
  const error = await judge(many, { maxUsd: 0.001, concurrency: 1 }).catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ code: 'refused' });
  expect((error as Error).message).toMatch(
    /^evaluate\.judge: openai: openai\.maxUsd 0\.001 is spent .*raise openai\.maxUsd/,
  );
  const before = asked.length;
  expect(before).toBeLessThan(20);
  await judge(many);
  expect(asked).toHaveLength(20);
});

it('sends a key to no address that the experiment alone names, and keeps none', async () => {
  say = () => 'no';
  await judge([noise]);
  for (const { headers } of asked) expect(JSON.stringify(headers)).not.toContain('4711');
  expect(readFileSync(join(dir, 'labels.db')).includes('4711')).toBe(false);
});

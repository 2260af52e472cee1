// Stage `augment` with `labels: openai`: what the server answers is what the artifact holds.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { nano, type Json, type StageContext } from '@calm-orch/core';
import { augment } from './augment.kind.ts';
import { data as dataKinds } from './data.kind.ts';
import type { Paraphrase } from '../labels/paraphrase.ts';
import type { RecordedPair } from './augment.ts';

const root = mkdtempSync(join(tmpdir(), 'calm-orch-augment-labels-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

it('trains on the paraphrases the artifact records, and on templates where there is none', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
  let numAsked = 0;
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const { messages } = JSON.parse(text) as { messages: { content: string }[] };
      numAsked += 1;
      // Some say something else.
      const content =
        numAsked % 3 === 0 ? 'a nice picture' : messages[1]!.content.replaceAll(/image|photo/g, 'picture');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }));
    };
    serve().catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const data = { ...nano.data, imageSize: 32, numTrain: 1, numTest: 1, numGeneric: 1, numUnlabeled: 6 };
    const run = async (kind: 'data' | 'augment', config: unknown, item: number, out: string) => {
      const context: StageContext = {
        stage: { key: `${kind}-key`, kind, config: config as Json },
        item,
        inputs: { data: join(root, 'data') },
        outputDir: join(root, out),
        checkpointDir: join(root, 'c'),
        checkpointEveryMs: 1000,
        signal: new AbortController().signal,
        report: () => undefined,
        now: () => 0,
      };
      const stage = await (kind === 'data' ? dataKinds[0]! : augment).load();
      return stage(context);
    };
    await run('data', { what: 'unlabeled', data }, 0, 'data');
    const { port } = server.address() as AddressInfo;
    const openai = { ...nano.openai, baseUrl: `http://127.0.0.1:${port}/v1`, requestsPerMinute: 60_000 };
    const config = { augment: nano.augment, imageSize: 32, fit: 'crop' };
    const { metrics } = await run('augment', { ...config, openai }, 0, 'worded');
    await run('augment', config, 0, 'plain');
    const pairs = (folder: string) =>
      readFileSync(join(root, folder, 'pairs-0.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RecordedPair);
    const recorded = JSON.parse(readFileSync(join(root, 'worded/labels-0.json'), 'utf8')) as Paraphrase[];
    const textOf = new Map(recorded.map(({ template, text }) => [template, text]));
    const [worded, plain] = [pairs('worded'), pairs('plain')];
    expect(worded.map(({ labels }) => labels.single)).toEqual(
      plain.map(({ labels }) => labels.single.map((text) => textOf.get(text))),
    );
    expect(worded.map(({ labels: _, ...rest }) => rest)).toEqual(plain.map(({ labels: _, ...rest }) => rest));
    expect(worded).not.toEqual(plain);
    expect(metrics!['labels/paraphrased']).toBe(recorded.filter(({ outcome }) => outcome === 'paraphrased').length);
    expect(metrics!['labels/paraphrased']).toBeGreaterThan(10);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

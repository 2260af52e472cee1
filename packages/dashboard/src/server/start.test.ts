// What the server says of a run folder, also of one that is empty, broken or replaced while it runs.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, openTracker } from '@calm-orch/tracker';
import { errorAnswer } from './openapi.ts';
import { routes } from './routes.ts';
import { makeRun, noSources, serve, temporaryFolder, writing, type Served } from './served.test-util.ts';

let dir: string;
let served: Served | undefined;
beforeEach(() => void (dir = temporaryFolder()));
afterEach(async () => {
  await served?.close();
  served = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const wordsOf = (call: () => unknown): string => {
  try {
    call();
    return 'nothing was thrown';
  } catch (error) {
    return (error as Error).message;
  }
};

test('runs are filtered, searched, sorted, and given a page at a time', async () => {
  writing(dir, (tracker) => {
    for (let i = 0; i < 12; i++) makeRun(tracker);
    tracker.endRun('x-3', 'failed', { error: 'the disk is <full>' });
    for (const run of ['x-1', 'x-2']) tracker.endRun(run, 'succeeded');
  });
  served = await serve(dir);
  const asked = async (query: string) => (await served!.ask(`/api/runs?${query}`)).json;
  expect(await asked('limit=2')).toMatchObject({
    folder: dir,
    total: 12,
    runs: [{ run: 'x-12', numTrials: 1 }, { run: 'x-11' }],
  });
  expect(await asked('sort=started&order=ascending&offset=8&limit=2')).toMatchObject({
    runs: [{ run: 'x-9' }, { run: 'x-10' }],
  });
  expect(await asked('status=failed')).toMatchObject({ total: 1, runs: [{ run: 'x-3', error: 'the disk is <full>' }] });
  expect(await asked('status=succeeded&sort=id&order=ascending')).toMatchObject({
    runs: [{ run: 'x-1' }, { run: 'x-2' }],
  });
  expect(await asked('text=DISK')).toMatchObject({ total: 1, runs: [{ run: 'x-3' }] });
  expect(await asked('offset=50')).toMatchObject({ total: 12, runs: [] });
});

test('a run has trials, stages with their states, attempts and reasons, events, curves', async () => {
  writing(dir, (tracker) => {
    makeRun(tracker);
    tracker.logMetrics(
      [1, 0.5, Number.NaN].map((value, step) => ({ runId: 'x-1', stageKey: 'k1', step, name: 'loss', value })),
    );
  });
  served = await serve(dir);
  const run = await served.ask('/api/runs/x-1');
  expect(run.json).toMatchObject({
    run: { run: 'x-1', status: 'running' },
    trials: [{ row: 'all', seed: 0, metrics: { PLCC: 0.5 } }],
    stages: [{ key: 'k1', label: 'evaluate-score', state: 'done', numItems: 1, numAttempts: 1 }],
  });
  expect(run.json.events.map(({ type }: { type: string }) => type)).toContain('stage succeeded');
  expect((await served.ask('/api/runs/x-1/stages/k1')).json).toMatchObject({
    stage: { label: 'evaluate-score' },
    firstRun: 'x-1',
    ingredients: { kind: 'x' },
    attempts: [{ item: 0, attempt: 1, worker: 'evaluator 0', status: 'succeeded', error: null }],
  });
  expect((await served.ask('/api/runs/x-1/curves?kind=evaluate-score')).json.curves).toEqual([
    {
      stage: 'k1',
      item: 0,
      name: 'loss',
      points: [
        [0, 1],
        [1, 0.5],
        [2, null],
      ],
    },
  ]);
  expect((await served.ask('/api/runs/x-2')).json.error.message).toContain('x-2');
});

test('a log is read in parts; names and links that lead elsewhere are no logs', async () => {
  writing(dir, makeRun);
  const folder = join(dir, 'logs', 'x-1');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'trainer-0.log');
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ä`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  symlinkSync(join(dir, 'calm-orch.db'), join(folder, 'trainer-1.log'));
  served = await serve(dir, { sources: { ...noSources, logs: () => [{ name: 'trainer-0', path }] } });
  const last = (await served.ask('/api/runs/x-1/logs/trainer-0')).json;
  expect(lines.slice(-100).every((line) => last.text.includes(`${line}\n`))).toBe(true);
  expect(last.text).toMatch(/^line \d+ ä\n/);
  let [text, from] = ['', 0];
  for (;;) {
    const part = (await served.ask(`/api/runs/x-1/logs/trainer-0?from=${from}`)).json;
    if (part.next === from) break;
    [text, from] = [text + part.text, part.next];
  }
  expect(text).toBe(`${lines.join('\n')}\n`);
  expect((await served.ask('/api/runs/x-1/logs/trainer-0?from=999999999')).json.text).toBe('');
  expect((await served.ask('/api/runs/x-1/logs/trainer-1')).status).toBe(404);
});

test('a folder without a run is empty until there is one; a folder in its place is read from then on', async () => {
  served = await serve(dir);
  expect((await served.ask('/api/runs')).json).toMatchObject({ total: 0, runs: [] });
  expect((await served.ask('/api/runs/x-1')).status).toBe(404);
  writing(dir, makeRun);
  expect((await served.ask('/api/runs')).json.total).toBe(1);
  const other = temporaryFolder();
  writing(other, (tracker) => [makeRun(tracker), makeRun(tracker)]);
  rmSync(dir, { recursive: true });
  renameSync(other, dir);
  expect((await served.ask('/api/runs')).json.total).toBe(2);
  rmSync(dir, { recursive: true });
  expect((await served.ask('/api/runs')).json.total).toBe(0);
});

test.each([
  ['that is none', (path: string) => writeFileSync(path, 'no database at all, though long enough to be looked at')],
  [
    'of a newer version',
    (path: string) => {
      writing(dir, makeRun);
      const sqlite = openSqlite(path);
      sqlite.pragma('user_version = 999');
      sqlite.close();
    },
  ],
])('a database %s is refused in the words of the other commands, at the start and later', async (_, spoil) => {
  served = await serve(dir);
  spoil(join(dir, 'calm-orch.db'));
  const words = wordsOf(() => openTracker(dir, { access: 'read' }).close());
  expect(words).toContain(join(dir, 'calm-orch.db'));
  await expect(serve(dir)).rejects.toThrow(words);
  const { status, json } = await served.ask('/api/runs');
  expect([status, json.error.message]).toEqual([500, words]);
});

test('a port that is taken is said, or another is taken in its place', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(serve(dir, { port })).rejects.toThrow(`--port: ${port} is taken by another process`);
  other.close();
});

test('every answer is as the OpenAPI description says', async () => {
  writing(dir, makeRun);
  served = await serve(dir);
  const { openapi, paths } = (await served.ask('/api/openapi.json')).json;
  expect(openapi).toBe('3.1.0');
  expect(Object.keys(paths)).toEqual(routes.map(({ path }) => path));
  expect(paths['/api/runs'].get.parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 0, maximum: 500 },
  });
  const { required } = paths['/api/runs/{run}'].get.responses[200].content['application/json'].schema;
  expect(Object.keys((await served.ask('/api/runs/x-1')).json).sort()).toEqual([...required].sort());
  expect(errorAnswer.safeParse((await served.ask('/api/runs/nowhere')).json).success).toBe(true);
});

// What the server says of a run folder, also of one that is empty, broken or replaced while it runs.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, openTracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
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
      id: expect.any(Number),
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

test('a part of the steps is asked for; seeds of a row come together; every point comes as a file', async () => {
  const numSteps = 5000;
  writing(dir, (tracker) => {
    const trials = [0, 1].map((seed) => ({ row: 'a, or b', seed }));
    const stages = trials.map(
      (trial) => ({ key: `k${trial.seed}`, kind: 'finetune-score', trials: [trial], config: {}, metrics: {} }) as const,
    );
    const { id: runId } = recordRun(tracker, { resolved: {}, trials, stages });
    for (const seed of [0, 1]) {
      const values = Array.from({ length: numSteps }, (_, step) => (step === 7 ? Number.NaN : step + seed));
      tracker.logMetrics(
        values.map((value, step) => ({ runId, stageKey: `k${seed}`, step, name: 'train/"loss"', value })),
      );
    }
  });
  served = await serve(dir);
  const asked = async (path: string) => (await served!.ask(`/api/runs/x-1/${path}`)).json;
  const whole = await asked('curves?kind=finetune-score');
  expect(whole.curves[0].points.length).toBeLessThanOrEqual(2400);
  const part = await asked('curves?kind=finetune-score&from=5&to=8');
  expect(part.curves[1].points).toEqual([
    [5, 6],
    [6, 7],
    [7, null],
    [8, 9],
  ]);
  const bands = await asked('bands?kind=finetune-score&from=6&to=8');
  expect(bands.bands).toEqual([
    {
      ...{ label: 'a, or b', name: 'train/"loss"', seeds: [0, 1] },
      points: [
        [6, 6.5, 6, 7],
        [8, 8.5, 8, 9],
      ],
    },
  ]);
  expect(bands.curves).toEqual(whole.curves.map(({ id }: { id: number }) => id));
  expect((await served.ask('/api/runs/x-1/bands?kind=finetune-score&from=x')).status).toBe(400);
  const { text, headers } = await served.ask('/api/runs/x-1/points.csv');
  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="x-1-points.csv"',
  });
  const [head, ...lines] = text.trimEnd().split('\n');
  expect(head).toBe('stage,kind,label,item,name,step,value,recorded');
  expect(lines).toHaveLength(2 * numSteps);
  expect(lines[7]).toMatch(/^k0,finetune-score,finetune-score seed 0,0,"train\/""loss""",7,NaN,\d{4}-.*Z$/);
  expect(lines.at(-1)).toMatch(new RegExp(`^k1,.*,${numSteps - 1},${numSteps},`));
});

test('trials that differ in their seed alone come together, with the metrics that are asked for', async () => {
  writing(dir, (tracker) => {
    for (const [row, seed, PLCC] of [
      ['all', 0, 0.5],
      ['all', 1, 0.7],
      ['thematic', 0, 0.9],
    ] as const)
      recordRun(tracker, {
        resolved: { rows: [{ row: 'all' }, { row: 'thematic' }] },
        trials: [{ row, seed }],
        stages: [
          { key: `${row}${seed}`, kind: 'evaluate-score', trials: [{ row, seed }], metrics: { SRCC: -PLCC, PLCC } },
        ],
      });
  });
  served = await serve(dir);
  const asked = async (query: string) => (await served!.ask(`/api/groups?${query}`)).json;
  const all = await asked('sort=mean&metrics=PLCC,SRCC&by=SRCC');
  expect(all).toMatchObject({ total: 2, metrics: ['PLCC', 'SRCC'], shown: ['PLCC', 'SRCC'], by: 'SRCC' });
  expect(all.groups.map(({ row, run, seeds }: Record<string, unknown>) => [row, run, seeds])).toEqual([
    ['all', 'x-2', [0, 1]],
    ['thematic', 'x-3', [0]],
  ]);
  expect(all.groups[0].values.PLCC).toEqual({ mean: 0.6, std: expect.closeTo(0.1414, 4), n: 2 });
  expect(all.groups[1].values.SRCC).toEqual({ mean: -0.9, std: null, n: 1 });
  expect(await asked('text=THEM&metrics=nothing')).toMatchObject({ total: 1, shown: ['PLCC', 'SRCC'] });
  expect(await asked('offset=1&limit=1&order=ascending')).toMatchObject({ total: 2, groups: [{ row: 'thematic' }] });
  expect((await served.ask('/api/groups?sort=std')).status).toBe(400);
});

test('many tabs that ask for the tables of a run share one judging, until something has changed', async () => {
  writing(dir, makeRun);
  let judgings = 0;
  const tables = () => {
    judgings++;
    return Promise.resolve([]);
  };
  served = await serve(dir, { sources: { ...noSources, tables } });
  const ask = () => served!.ask('/api/tables?name=x-1');
  await Promise.all(Array.from({ length: 8 }, ask));
  expect((await ask()).status).toBe(200);
  expect(judgings).toBe(1);
  writing(dir, makeRun);
  await ask();
  expect(judgings).toBe(2);
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
  expect((await served.ask('/api/runs/x-1/logs/trainer-0?from=10&to=20')).json).toEqual({
    from: 10,
    next: 20,
    text: `${lines.join('\n')}`.slice(9, 18),
  });
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

test('the script of the page is at most 80 kB as it is sent compressed', async () => {
  served = await serve(dir);
  expect(gzipSync((await served.ask('/page.js')).text).length).toBeLessThan(80_000);
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

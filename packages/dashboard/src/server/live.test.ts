// The stream: what is new, once, to everyone who listens.
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSqlite, openTracker, type Tracker } from '@calm-orch/tracker';
import type { News } from '../api/news.ts';
import { makeRun, serve, temporaryFolder, writing, type Served } from './served.test-util.ts';

let dir: string;
let served: Served;
const open: (() => void)[] = [];
beforeEach(async () => {
  dir = temporaryFolder();
  served = await serve(dir);
});
afterEach(async () => {
  for (const close of open.splice(0)) close();
  await served.close();
});

/** What a listener has heard so far, beats left out. */
async function listen(): Promise<News[]> {
  const heard: News[] = [];
  await new Promise<void>((resolve, reject) => {
    const asked = get({ port: served.port, host: '127.0.0.1', path: '/api/live' }, (reply) => {
      expect(reply.headers['content-type']).toBe('text/event-stream');
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        resolve();
        const messages = `${text}${chunk}`.split('\n\n');
        text = messages.pop()!;
        for (const message of messages)
          if (message.startsWith('data: ')) heard.push(JSON.parse(message.slice('data: '.length)) as News);
      });
      reply.on('error', () => {});
    });
    asked.on('error', reject);
    open.push(() => asked.destroy());
  });
  return heard;
}

const told = (news: readonly News[], what: News['what']): News[] => news.filter((one) => one.what === what);

/** A run whose training stage `k` has been leased. */
function train(tracker: Tracker): { runId: string; stageKey: string; token: string } {
  const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: process.pid };
  const trials = [{ row: 'all', seed: 0 }];
  const { id } = tracker.createRun({ ...head, resolved: {}, trials });
  tracker.upsertStages(id, [
    { key: 'k', kind: 'finetune-score', role: 'trainer', config: {}, inputs: {}, numItems: 1, trials, reuse: false },
  ]);
  return { runId: id, stageKey: 'k', token: tracker.startAttempt(id, 'k', 0, 'trainer 0').token };
}

test('points are told once, stages when they change, to all who listen; what was there before is not told', async () => {
  const tracker = openTracker(dir);
  open.push(() => tracker.close());
  const { token, ...stage } = train(tracker);
  const log = (...steps: number[]): void =>
    tracker.logMetrics(steps.map((step) => ({ ...stage, step, name: 'loss', value: 1 / (step + 1) })));
  log(0, 1);
  const [heard, also] = [await listen(), await listen()];
  log(2);
  await vi.waitUntil(() => told(heard, 'points').length > 0, 5000);
  log(3, 4);
  tracker.finishItem(token, {});
  tracker.succeedStage('x-1', 'k', {}, []);
  const isDone = (one: News): boolean => one.what === 'run' && one.stages.some(({ state }) => state === 'done');
  await vi.waitUntil(() => heard.some(isDone) && told(heard, 'points').length > 1, 5000);
  await vi.waitUntil(() => also.length === heard.length, 5000);
  expect(also).toEqual(heard);
  const points = told(heard, 'points').flatMap((one) =>
    one.what === 'points' ? one.curves.flatMap(([, points]) => points) : [],
  );
  expect(points.map(([step]) => step)).toEqual([2, 3, 4]);
  // A curve is named once, before its points.
  expect(told(heard, 'curve')).toMatchObject([{ run: 'x-1', curve: { stage: 'k', item: 0, name: 'loss' } }]);
  expect(heard.findIndex(({ what }) => what === 'curve')).toBeLessThan(
    heard.findIndex(({ what }) => what === 'points'),
  );
  const run = heard.find(isDone);
  expect(run).toMatchObject({ run: { run: 'x-1' }, stages: [{ key: 'k', state: 'done' }] });
  expect(run?.what === 'run' && run.events.map(({ type }) => type)).toContain('stage succeeded');
});

test('the first run of an empty folder is told', async () => {
  const heard = await listen();
  writing(dir, makeRun);
  await vi.waitUntil(() => told(heard, 'run').length > 0, 5000);
  expect(told(heard, 'run')).toMatchObject([{ run: { run: 'x-1' }, stages: [{ key: 'k1', state: 'done' }] }]);
});

test('a run whose database was looked at while it was being made is told all the same', async () => {
  const path = join(dir, 'calm-orch.db');
  const sqlite = openSqlite(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.close();
  const heard = await listen();
  expect((await served.ask('/api/runs')).json).toMatchObject({ total: 0 });
  writing(dir, makeRun);
  await vi.waitUntil(() => told(heard, 'run').length > 0, 5000);
  expect((await served.ask('/api/runs')).json).toMatchObject({ total: 1 });
});

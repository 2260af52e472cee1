// Workers, computations and connections that are lost in the middle of a run.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1'];

const attemptsAt = (kind: string): string[] =>
  story.tracker((tracker) => {
    const keys = tracker.listRunStages('story-1').filter((stage) => stage.kind === kind);
    return keys.flatMap(({ key }) => tracker.listAttempts('story-1', key)).map(({ status }) => status);
  });

/** How many workers ended in each way. */
const endings = (): Record<string, number> => {
  const all = story.tracker((tracker) => tracker.listWorkers('story-1').map(({ ending }) => String(ending)));
  return Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((other) => other === one).length]));
};

test('a trainer and an augmentor killed in the middle of an item cost attempts, not results', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 50 });
  const kill = (title: string): void => {
    for (const { pid } of story.processes().filter((found) => found.title === title)) process.kill(pid, 'SIGKILL');
  };
  await until('an item is computed', () => story.lines('executions').length > 0);
  kill('calm-orch augmentor 0');
  await until('training is under way', () => story.lines('steps').length > 6);
  kill('calm-orch trainer 0');
  expect((await run.ended).code).toBe(0);
  expectUndisturbedResults(story, 'story-1');
  const statuses = story.tracker((tracker) => tracker.listAttempts('story-1').map(({ status }) => status));
  expect(statuses.filter((status) => status === 'lost')).toHaveLength(2);
  expect(statuses).not.toContain('failed');
  expect(endings()).toEqual({ killed: 2, finished: 3 });
  // 6 training stages of 20 steps; at most the step under way was lost.
  expect(story.lines('steps').length).toBeLessThanOrEqual(6 * 20 + 1);
});

test('a computation that hangs, even in an endless loop, is replaced, and one that dies is repeated', async () => {
  const misbehave = {
    'pretrain-generic': { how: 'spin', times: 1 },
    baselines: { how: 'hang', times: 1 },
    encode: { how: 'exit', times: 2 },
  } as const;
  const { code } = await story.run(['run', 'story.yaml', ...oneOfEach, '--hang-timeout', '3'], { misbehave });
  expect(code).toBe(0);
  expectUndisturbedResults(story, 'story-1');
  expect(attemptsAt('pretrain-generic')).toEqual(['lost', 'succeeded']);
  expect(attemptsAt('baselines')).toEqual(['lost', 'succeeded']);
  expect(attemptsAt('encode').filter((status) => status === 'lost')).toHaveLength(2);
});

test('what a computation writes after its lease was lost is in no artifact', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { misbehave: { augment: { how: 'late', times: 1 } } });
  const augment = () =>
    story.tracker((tracker) => {
      const { key, status } = tracker.listRunStages('story-1').find(({ kind }) => kind === 'augment')!;
      return { key, status, attempts: tracker.listAttempts('story-1', key), results: tracker.itemResults(key) };
    });
  const isPlanned = (): boolean => existsSync(join(story.dir, 'executions'));
  await until('another attempt has finished the item', () => isPlanned() && augment().results.length === 1);
  const [late] = augment().attempts;
  expect(late).toMatchObject({ item: 0, attempt: 1, status: 'lost' });
  writeFileSync(join(story.dir, 'write-late'), '');
  await until('the late one has written', () => existsSync(join(story.dir, 'written-late')));
  expect(augment().status).toBe('running');
  writeFileSync(join(story.dir, 'go-on'), '');
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  const { key, results } = augment();
  const artifact = join(story.dir, 'runs/artifacts', key);
  expect(readdirSync(artifact).sort()).toEqual(['item-0.json', 'item-1.json', 'manifest.json']);
  const written = [0, 1].map(
    (item) => JSON.parse(readFileSync(join(artifact, `item-${item}.json`), 'utf8')) as unknown,
  );
  expect(written).toEqual(results.map(({ result }) => result));
  expect(readdirSync(join(story.dir, 'runs/staging'))).toEqual([]);
});

test('a computation that is stopped is replaced within --hang-timeout, and so is its worker', async () => {
  const seconds = 5;
  const run = story.start(['run', 'story.yaml', ...oneOfEach, '--hang-timeout', String(seconds)], { stepMs: 100 });
  const numLost = (): number =>
    story.tracker((tracker) => tracker.listAttempts('story-1').filter(({ status }) => status === 'lost')).length;
  const stop = async (title: RegExp): Promise<number> => {
    const before = numLost();
    const done = story.lines('steps').length;
    await until('training is under way', () => story.lines('steps').length > done + 3);
    const { pid } = story.processes().find((found) => title.test(found.title))!;
    process.kill(pid, 'SIGSTOP');
    const start = performance.now();
    await until('it is given up', () => numLost() > before);
    return (performance.now() - start) / 1000;
  };
  await until('training is under way', () => story.lines('steps').length > 3);
  // Silence counts from the last report; on a busy machine steps may have been silent for longer than a third of it.
  expect(await stop(/^calm-orch compute trainer 0/)).toBeLessThan(2 * seconds);
  // What is added is how often the story looks.
  expect(await stop(/^calm-orch trainer 0/)).toBeLessThan(seconds + 1);
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  expect(numLost()).toBe(2);
  expect(endings()).toEqual({ replaced: 1, finished: 3 });
});

test('a worker with another engine gets no stage whose key names the engine, and the run says so', async () => {
  const engines = { all: 'of the run', 'trainer 1': 'another' };
  const args = ['run', 'story.yaml', '--trainers', '2', '--augmentors', '1'];
  const { code, stdout } = await story.run(args, { engines });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /\] trainer 1: gets no stage: its engine is not the one their keys name: it is "another", not "of the run"\n/,
  );
  expectUndisturbedResults(story, 'story-1');
  const [workers, attempts] = story.tracker((tracker) => [
    tracker.listWorkers('story-1'),
    tracker.listAttempts('story-1'),
  ]);
  const facts = workers.map(({ role, index, host, engine }) => `${role} ${index} ${host} ${engine}`);
  const here = hostname();
  expect(facts.sort()).toEqual([
    `augmentor 0 ${here} null`,
    `evaluator 0 ${here} "of the run"`,
    `trainer 0 ${here} "of the run"`,
    `trainer 1 ${here} "another"`,
  ]);
  expect(new Set(attempts.map(({ worker }) => worker))).toEqual(new Set(['augmentor 0', 'evaluator 0', 'trainer 0']));
});

test('connections to the coordinator that are cut cost no attempt and no result', async () => {
  const breakable = new URL('../../packages/cli/dist/chaos/breakable.js', import.meta.url);
  breakable.searchParams.set('run', join(story.dir, 'runs'));
  const environment = { NODE_OPTIONS: `--import ${breakable.href}` };
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 50, environment });
  for (const steps of [4, 24, 44, 64]) {
    await until('training goes on', () => story.lines('steps').length > steps);
    run.child.kill('SIGUSR2');
    await sleep(50);
    run.child.kill('SIGUSR2');
  }
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  const statuses = story.tracker((tracker) => tracker.listAttempts('story-1').map(({ status }) => status));
  expect(statuses.filter((status) => status !== 'succeeded')).toEqual([]);
});

// The coordinator is killed: its workers compute on and wait for the next one of the run, which takes them over.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1'];
/** 6 training stages of 20 steps. */
const numSteps = 120;

const trainingReaches = (steps: number) => () => story.lines('steps').length >= steps;
const workers = (): string[] =>
  story
    .processes()
    .map(({ pid, title }) => `${pid} ${title}`)
    .filter((text) => !/coordinator|(run|resume) /.test(text))
    .sort();

test('a coordinator killed twice costs no step and no attempt: the next ones take its workers over', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 100 });
  let coordinator = run;
  for (const steps of [8, 24]) {
    await until('training is under way', trainingReaches(steps));
    const before = workers();
    await coordinator.kill('SIGKILL');
    const done = story.lines('steps').length;
    await until('the trainer computes on by itself', trainingReaches(done + 3));
    const [shown] = JSON.parse((await story.run(['runs', '--json'])).stdout) as { status: string }[];
    expect(shown!.status).toBe('failed');
    coordinator = story.start(['resume', ...oneOfEach], { stepMs: 100 });
    await until('it is taken over', () => story.tracker((tracker) => tracker.getRun('story-1').status === 'running'));
    expect(workers()).toEqual(expect.arrayContaining(before));
  }
  const { code, stdout, stderr } = await coordinator.ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Took over \d workers that outlived the coordinator before/);
  expectUndisturbedResults(story, 'story-1');
  expect(story.lines('steps')).toHaveLength(numSteps);
  const attempts = story.tracker((tracker) => tracker.listAttempts('story-1'));
  expect(attempts.filter(({ status }) => status !== 'succeeded')).toEqual([]);
  const timeline = story.tracker((tracker) => tracker.listWorkers('story-1'));
  expect(timeline.map(({ session, ending }) => [session, ending])).toEqual(timeline.map(() => [1, 'finished']));
  expect(story.processes()).toEqual([]);
  for (const emptied of ['tmp', 'connections']) expect(readdirSync(join(story.dir, 'runs', emptied))).toEqual([]);
});

test('workers that nobody takes over save a checkpoint and end by themselves', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach, '--takeover-timeout', '2'], { stepMs: 200 });
  await until('training is under way', trainingReaches(4));
  await run.kill('SIGKILL');
  await until('all its processes are gone', () => story.processes().length === 0, 15_000);
  expect(story.lines('saved-on-cancel')).toHaveLength(1);
  const resumed = await story.run(['resume', ...oneOfEach]);
  expect(resumed.code).toBe(0);
  expect(resumed.stdout).not.toMatch(/Took over/);
  const timeline = story.tracker((tracker) => tracker.listWorkers('story-1'));
  const endings = (of: number) => new Set(timeline.flatMap(({ session, ending }) => (session === of ? [ending] : [])));
  expect([endings(1), endings(2)]).toEqual([new Set(['lost']), new Set(['finished'])]);
  expectUndisturbedResults(story, 'story-1');
  expect(story.lines('steps')).toHaveLength(numSteps);
});

test('of two resumes at once one takes over, the other says so; fewer trainers are asked for than live', async () => {
  const run = story.start(['run', 'story.yaml', '--trainers', '2', '--augmentors', '1'], { stepMs: 50 });
  await until('training is under way', trainingReaches(8));
  await run.kill('SIGKILL');
  const both = [0, 1].map(() => story.start(['resume', 'story-1', ...oneOfEach], { stepMs: 50 }));
  const ends = await Promise.all(both.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(ends.find(({ code }) => code === 1)!.stderr).toMatch(
    /^calm-orch: run story-1 is at work on \S+ \(process \d+\), heard of \d+ s ago: /,
  );
  expectUndisturbedResults(story, 'story-1');
  expect(story.lines('steps')).toHaveLength(numSteps);
  expect(story.processes()).toEqual([]);
});

test('Ctrl-C reaches workers that were taken over: they save, and no process is left', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 100 });
  await until('training is under way', trainingReaches(8));
  await run.kill('SIGKILL');
  const resumed = story.start(['resume', ...oneOfEach], { stepMs: 100 });
  await until('it is taken over', () => story.tracker((tracker) => tracker.getRun('story-1').status === 'running'));
  const steps = story.lines('steps').length;
  await until('training goes on', trainingReaches(steps + 3));
  expect((await resumed.kill('SIGINT')).code).toBe(130);
  expect(story.lines('saved-on-cancel')).toHaveLength(1);
  expect(story.processes()).toEqual([]);
  expect(story.tracker((tracker) => tracker.getRun('story-1').status)).toBe('cancelled');
});

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

test('all processes killed three times: resume ends in the same results', async () => {
  for (const command of ['run', 'resume', 'resume'] as const) {
    const steps = story.lines('steps').length;
    const args = command === 'run' ? [command, 'story.yaml'] : [command];
    const run = story.start([...args, ...oneOfEach], { stepMs: 50 });
    await until('training is under way', trainingReaches(steps + 8));
    await run.kill('SIGKILL');
    for (const { pid } of story.processes()) process.kill(pid, 'SIGKILL');
    await until('all its processes are gone', () => story.processes().length === 0, 5000);
    const [shown] = JSON.parse((await story.run(['runs', '--json'])).stdout) as { status: string }[];
    expect(shown!.status).toBe('failed');
  }
  const last = await story.run(['resume', 'story-1', ...oneOfEach]);
  expect([last.code, last.stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  // Each kill may cost the step under way.
  expect(story.lines('steps').length).toBeLessThanOrEqual(numSteps + 3);
  const data = story.lines('executions').filter((line) => line.startsWith('data '));
  expect(new Set(data.map((line) => line.split(' ').slice(1, 3).join(' '))).size).toBe(data.length);
  for (const emptied of ['tmp', 'connections']) expect(readdirSync(join(story.dir, 'runs', emptied))).toEqual([]);
});

test('Ctrl-C saves checkpoints, ends the run as cancelled and says how to go on; resume does', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 50 });
  await until('training is under way', trainingReaches(8));
  const { code, stdout } = await run.kill('SIGINT');
  expect(code).toBe(130);
  expect(stdout).toMatch(/Stopping: workers save checkpoints/);
  expect(stdout).toMatch(/Run story-1 was cancelled: .* Go on: `calm-orch resume story-1`/);
  expect(story.lines('saved-on-cancel')).toHaveLength(1);
  expect(story.processes()).toEqual([]);
  expect(story.tracker((tracker) => tracker.getRun('story-1').status)).toBe('cancelled');
  expect((await story.run(['resume', ...oneOfEach])).code).toBe(0);
  expectUndisturbedResults(story, 'story-1');
  expect(story.lines('steps')).toHaveLength(numSteps);
});

test('two runs of one file at once share its stages: each is executed once', async () => {
  const first = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 20 });
  const second = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 20 });
  const ends = await Promise.all([first.ended, second.ended]);
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const executed = ends.map(({ stdout }) => Number(/(\d+) stages? executed/.exec(stdout)![1]));
  const reused = ends.map(({ stdout }) => Number(/(\d+) reused/.exec(stdout)![1]));
  expect(executed[0]! + executed[1]!).toBe(17);
  expect(executed[0]! + reused[0]!).toBe(17);
  for (const run of ['story-1', 'story-2']) expectUndisturbedResults(story, run);
  // Kind, key and item, without the process.
  const executions = story.lines('executions').map((line) => line.split(' ').slice(0, 3).join(' '));
  expect(new Set(executions).size).toBe(executions.length);
});

test('a run takes over the stages of another that dies beside it', async () => {
  // Its workers wait for a resume so long; until then the run may come back.
  const first = story.start(['run', 'story.yaml', ...oneOfEach, '--takeover-timeout', '5'], { stepMs: 50 });
  await until('training is under way', trainingReaches(8));
  const second = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 20 });
  await until('the second run is there', () => story.tracker((tracker) => tracker.listRuns().length === 2));
  await first.kill('SIGKILL');
  expect((await second.ended).code).toBe(0);
  expectUndisturbedResults(story, 'story-2');
});

test('a run under way cannot be resumed; a second Ctrl-C ends everything at once', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { misbehave: { data: { how: 'spin', times: 1 } } });
  await until('an item is computed', () => story.lines('executions').length > 0);
  const second = await story.run(['resume', 'story-1']);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/^calm-orch: run story-1 is at work on \S+ \(process \d+\), heard of \d+ s ago: .*\n$/);

  let heard = '';
  run.child.stdout!.on('data', (chunk) => (heard += chunk));
  run.child.kill('SIGINT');
  await until('the first Ctrl-C is heard', () => heard.includes('Stopping'));
  const started = performance.now();
  expect((await run.kill('SIGINT')).code).toBe(130);
  await until('all its processes are gone', () => story.processes().length === 0, 5000);
  expect(performance.now() - started).toBeLessThan(5000);
  expect(story.tracker((tracker) => tracker.getRun('story-1').status)).toBe('cancelled');
});

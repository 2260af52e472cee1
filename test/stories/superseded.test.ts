// A coordinator that was taken for dead and goes on: it finds that the run is another's, and leaves it alone.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStart } from '@calm-orch/core';
import { openTracker, type TrackerOptions } from '@calm-orch/tracker';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1', '--evaluators', '1'];
/** Of no process, so that nobody has the run afterwards. */
const nobody = 2 ** 22 + 1;

const workers = (): number[] =>
  story
    .processes()
    .filter(({ title }) => /^calm-orch (compute )?(trainer|augmentor|evaluator)/.test(title))
    .map(({ pid }) => pid)
    .sort();

const runDir = (): string => join(story.dir, 'runs');

function supersede(options: TrackerOptions): void {
  const next = openTracker(runDir(), options);
  next.resumeRun('story-1', { pid: nobody, keepAttempts: true });
  next.close();
}

test('a superseded coordinator leaves workers, socket and token to its successor, and the run as it is', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 100 });
  await until('training is under way', () => story.lines('steps').length > 3);
  const before = workers();
  supersede({ processStart: (pid) => (pid === run.child.pid ? null : processStart(pid)) });
  const { code, stderr } = await run.ended;
  expect(stderr).toMatch(/^calm-orch: run story-1 was taken over by another coordinator .* stops\n$/);
  expect(code).toBe(3);
  expect(workers()).toEqual(before);
  expect(existsSync(join(runDir(), 'connections/story-1.json'))).toBe(true);
  expect(readdirSync(join(runDir(), 'tmp')).filter((name) => name.startsWith('run-'))).toHaveLength(1);
  const steps = story.lines('steps').length;
  await until('the trainer computes on', () => story.lines('steps').length > steps + 3);
  const resumed = await story.run(['resume', ...oneOfEach]);
  expect(resumed.stdout).toMatch(/Took over \d workers/);
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  expect(story.lines('steps')).toHaveLength(120);
  expect(story.lines('saved-on-cancel')).toEqual([]);
});

test('a coordinator superseded from another machine ends its own workers, which save nothing any more', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 100 });
  await until('training is under way', () => story.lines('steps').length > 3);
  supersede({ host: 'elsewhere', clock: () => Date.now() + 61_000 });
  expect((await run.ended).code).toBe(3);
  await until('its processes are gone', () => story.processes().length === 0, 5000);
  expect(story.lines('saved-on-cancel')).toEqual([]);
  expect(story.tracker((tracker) => tracker.getRun('story-1'))).toMatchObject({ status: 'running', session: 2 });
});

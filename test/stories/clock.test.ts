// The machine's clock is set back an hour in the middle of a run, in every process at once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const preload = fileURLToPath(new URL('fixtures/clock.cjs', import.meta.url));

test('a clock that jumps back an hour loses no attempt and no result, now and in the next run', async () => {
  const setBack = join(story.dir, 'set-back');
  const environment = { NODE_OPTIONS: `--require ${preload}`, CALM_TEST_CLOCK: setBack };
  const options = { stepMs: 50, environment };
  const oneOfEach = ['--trainers', '1', '--augmentors', '1'];
  const run = story.start(['run', 'story.yaml', ...oneOfEach], options);
  await until('training is under way', () => story.lines('steps').length > 6);
  writeFileSync(setBack, '');
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  const attempts = story.tracker((tracker) => tracker.listAttempts('story-1'));
  expect(attempts.filter(({ status }) => status !== 'succeeded')).toEqual([]);
  // It was seen: an attempt ended before it began.
  expect(attempts.filter(({ startedMs, endedMs }) => endedMs! < startedMs - 3_000_000)).not.toEqual([]);
  expect(story.lines('steps')).toHaveLength(6 * 20);
  const again = await story.run(['run', 'story.yaml', '--json', ...oneOfEach], options);
  expect(JSON.parse(again.stdout)).toMatchObject({ executed: 0, reused: 17 });
});

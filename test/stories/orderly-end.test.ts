// What goes wrong in the coordinator itself ends the run in order: workers told, socket and token gone, the reason on record.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixture, makeStory, program, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1', '--evaluators', '1'];
const trainingBegins = () => story.lines('steps').length > 3;

function expectOrderlyEnd(reason: RegExp): void {
  expect(story.processes()).toEqual([]);
  for (const emptied of ['tmp', 'connections']) expect(readdirSync(join(story.dir, 'runs', emptied))).toEqual([]);
  const { status, interrupted, error } = story.tracker((tracker) => tracker.getRun('story-1'));
  expect([status, interrupted, error]).toEqual(['failed', false, expect.stringMatching(reason)]);
}

test('a log folder that becomes a file ends the run when a worker is to be replaced', async () => {
  const run = story.start(['run', 'story.yaml', ...oneOfEach], { stepMs: 50 });
  await until('training is under way', trainingBegins);
  const logs = join(story.dir, 'runs/logs/story-1');
  rmSync(logs, { recursive: true });
  writeFileSync(logs, '');
  process.kill(story.processes().find(({ title }) => title === 'calm-orch trainer 0')!.pid, 'SIGKILL');
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^calm-orch: cannot write a worker's log: .*story-1.*\n$/)]);
  expectOrderlyEnd(/cannot write a worker's log/);
});

test('a log folder that is a file ends the run at its start', async () => {
  mkdirSync(join(story.dir, 'runs'));
  writeFileSync(join(story.dir, 'runs/logs'), '');
  const { code, stderr } = await story.run(['run', 'story.yaml', ...oneOfEach]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^calm-orch: cannot write a worker's log: .*\n$/)]);
  expectOrderlyEnd(/cannot write a worker's log/);
});

test.skipIf(process.platform !== 'linux')('an output on a full disk ends the run', async () => {
  const full = openSync('/dev/full', 'w');
  const env = { ...process.env, CALM_ORCH_STAGES: fixture, CALM_TEST: JSON.stringify({ dir: story.dir, stepMs: 50 }) };
  const args = [program, 'run', 'story.yaml', ...oneOfEach];
  const child = spawn(process.execPath, args, { cwd: story.dir, env, stdio: ['ignore', full, 'ignore'] });
  closeSync(full);
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(1);
  expectOrderlyEnd(/ENOSPC/);
});

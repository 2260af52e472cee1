// What goes wrong in the coordinator itself ends the run in order: workers told, socket and token gone, the reason on record.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunRecord } from '@calm-orch/tracker';
import { makeStory, program, storyEnvironment, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const oneOfEach = ['--trainers', '1', '--augmentors', '1', '--evaluators', '1'];
const trainingBegins = () => story.lines('steps').length > 3;

function expectEnd(expected: Pick<RunRecord, 'status' | 'error'>): void {
  expect(story.processes()).toEqual([]);
  for (const emptied of ['tmp', 'connections']) expect(readdirSync(join(story.dir, 'runs', emptied))).toEqual([]);
  expect(story.tracker((tracker) => tracker.getRun('story-1'))).toMatchObject({ interrupted: false, ...expected });
}
const expectOrderlyEnd = (reason: RegExp): void =>
  expectEnd({ status: 'failed', error: expect.stringMatching(reason) as string });

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

test.skipIf(process.platform !== 'linux')(
  'a run whose output meets a full disk goes on to its end, says so once and has failed to print',
  async () => {
    const full = openSync('/dev/full', 'w');
    const env = storyEnvironment(story.dir, { stepMs: 50 });
    const args = [program, 'run', 'story.yaml', ...oneOfEach];
    const child = spawn(process.execPath, args, { cwd: story.dir, env, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let stderr = '';
    child.stderr!.on('data', (chunk) => (stderr += chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^calm-orch: standard output cannot be written, .*ENOSPC.*\n$/),
    ]);
    expectEnd({ status: 'succeeded', error: null });
  },
);

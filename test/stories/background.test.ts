// Runs in the background, and the commands that reach a run at work from elsewhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(async () => {
  for (const { pid } of story.processes()) process.kill(pid, 'SIGKILL');
  await story.close();
});

const run = ['run', 'story.yaml', '--trainers', '1', '--augmentors', '1'];
const trainingReaches = (steps: number) => () => story.lines('steps').length >= steps;
const status = (): string => story.tracker((tracker) => tracker.getRun('story-1').status);

test('run --detach returns once the run is recorded; attach and logs -f follow it to its end', async () => {
  const started = await story.run([...run, '--detach'], { stepMs: 40 });
  expect([started.code, started.stderr]).toEqual([0, 'Planning story: 2 rows, 1 seed.\n']);
  expect(started.stdout).toMatch(/^Run story-1 goes on in the background \(process \d+, log .*coordinator\.log\)\.$/m);
  for (const follow of ['attach', 'logs -f', 'stop'])
    expect(started.stdout).toContain(`\`calm-orch ${follow} story-1\``);
  expect(status()).toBe('running');

  const [watched, again] = [story.start(['attach']), story.start(['attach', 'story', '--json'])];
  const followed = story.start(['logs', '-f']);
  const left = story.start(['attach']);
  let seen = '';
  left.child.stdout!.on('data', (chunk) => (seen += chunk));
  await until('progress is seen', () => seen.includes(': started ('));
  const { code, stdout } = await left.kill('SIGINT');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/Run story-1 is left at work\. Watch it again: /)]);
  expect(status()).toBe('running');

  const ends = await Promise.all([watched.ended, again.ended, followed.ended]);
  expect(ends.map((end) => [end.code, end.stderr.includes('calm-orch:')])).toEqual([
    [0, false],
    [0, false],
    [0, false],
  ]);
  expectUndisturbedResults(story, 'story-1');
  const [shown, asJson, logs] = ends.map((end) => end.stdout);
  await until('all its processes are gone', () => story.processes().length === 0);
  // What the run's own process has said at its end.
  const log = readFileSync(join(story.dir, 'runs/logs/story-1/coordinator.log'), 'utf8');
  const outcome = log.slice(log.lastIndexOf('\n\n'));
  expect(outcome).toMatch(/Run story-1 succeeded: 17 stages executed, 0 reused\.\n$/);
  expect(shown!.slice(shown!.lastIndexOf('\n\n'))).toBe(outcome);
  expect(JSON.parse(asJson!)).toMatchObject({ run: 'story-1', status: 'succeeded', executed: 17 });
  expect(logs).toMatch(/^trainer-0 \| .*: done$/m);
  expect(logs).toMatch(/^evaluator-0 \| .*: done$/m);
  // `logs -f` begins with the last lines: on a busy machine the first stages are done by then.
  expect(logs).toMatch(/^coordinator \| .* evaluate-score \w+: done in /m);

  const last = await story.run(['logs', '--worker', 'trainer 0', '--lines', '1']);
  const own = readFileSync(join(story.dir, 'runs/logs/story-1/trainer-0.log'), 'utf8');
  expect(last.stdout).toBe(`${own.trimEnd().split('\n').at(-1)}\n`);
  const none = await story.run(['logs', '--worker', 'trainer-7']);
  expect([none.code, none.stderr]).toEqual([
    2,
    'calm-orch: run story-1 has no log of trainer-7: there are augmentor-0, coordinator, evaluator-0, trainer-0\n',
  ]);
});

test('stop ends a run as Ctrl-C does, wherever it was started; resume --detach goes on with it, stop --now saves nothing', async () => {
  const foreground = story.start(run, { stepMs: 200 });
  await until('training is under way', trainingReaches(4));
  const stopped = await story.run(['stop']);
  expect([stopped.code, stopped.stderr]).toEqual([0, '']);
  expect(stopped.stdout).toMatch(/^Stopping: .*\nRun story-1 is cancelled\. Go on: `calm-orch resume story-1`\n$/);
  expect((await foreground.ended).code).toBe(130);
  expect(story.lines('saved-on-cancel')).toHaveLength(1);

  for (const command of ['stop', 'attach']) {
    const idle = await story.run([command]);
    expect([idle.code, idle.stderr]).toEqual([2, 'calm-orch: no run is at work (`calm-orch runs` lists all)\n']);
    const named = await story.run([command, 'story-1']);
    expect([named.code, named.stderr]).toEqual([2, 'calm-orch: run story-1 is not at work: it is cancelled\n']);
  }

  const steps = story.lines('steps').length;
  const resumed = await story.run(['resume', '--detach', '--json', '--trainers', '1'], { stepMs: 200 });
  expect(JSON.parse(resumed.stdout)).toEqual({
    run: 'story-1',
    pid: expect.any(Number) as number,
    logs: join(story.dir, 'runs/logs/story-1'),
  });
  await until('training goes on', trainingReaches(steps + 3));
  const watched = story.start(['attach', 'story-1']);
  let seen = '';
  watched.child.stdout!.on('data', (chunk) => (seen += chunk));
  await until('it is watched', () => seen.includes('Ctrl-C leaves it at work'));
  const now = await story.run(['stop', 'story', '--now', '--json']);
  expect([now.code, JSON.parse(now.stdout)]).toEqual([0, { run: 'story-1', status: 'cancelled', interrupted: false }]);
  expect((await watched.ended).code).toBe(130);
  expect(story.lines('saved-on-cancel')).toHaveLength(1);
  await until('all its processes are gone', () => story.processes().length === 0, 5000);
});

test('what is wrong with a run is said before it goes to the background, with the usual exit code', async () => {
  writeFileSync(join(story.dir, 'typo.yaml'), 'rowz: []\n');
  const typo = await story.run(['run', 'typo.yaml', '--detach']);
  expect(typo).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/typo\.yaml:1:1: unknown key `rowz`/) as string,
  });
  const port = await story.run([...run, '--detach', '--listen', '127.0.0.1:70000']);
  expect(port).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^calm-orch: --listen: expected /m) as string,
  });
  const nothing = await story.run(['stop']);
  expect(nothing.code).toBe(2);
  expect(story.tracker((tracker) => tracker.listRuns())).toEqual([]);
  expect(story.processes()).toEqual([]);
});

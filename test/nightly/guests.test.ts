// Workers that join over TLS. All are on this machine here; some see the run folder. test/hosts has hosts of their own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  canBeApart,
  expectUndisturbedResults,
  makeStory,
  until,
  type Running,
  type Story,
} from '../stories/story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

// An address of this machine that does not count as its own.
const listen = ['--listen', '127.0.0.2:0'];

/** A run without workers of these roles. */
const startRun = (...none: readonly string[]): Running =>
  story.start(['run', 'story.yaml', ...listen, ...none.flatMap((role) => [`--${role}s`, '0'])]);

async function tokenFor(...args: string[]): Promise<string> {
  const connection = join(story.dir, 'runs/connections/story-1.json');
  await until('the run listens', () => existsSync(connection) && readFileSync(connection, 'utf8').includes('"hosts"'));
  const { code, stdout, stderr } = await story.run(['token', 'create', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^K10[0-9a-f]{64}::\S+@127\.0\.0\.2:\d+\n$/);
  return stdout.trim();
}

const workersOf = (): string[] =>
  story.tracker((tracker) =>
    tracker.listWorkers('story-1').map(({ role, index, ending }) => `${role} ${index} ${ending}`),
  );

test('a run without trainers of its own is trained by those that join, and ends as undisturbed', async () => {
  const run = startRun('trainer');
  const token = await tokenFor('--role', 'trainer', '--uses', '2');
  const guests = [1, 2].map(() => story.start(['worker'], { environment: { CALM_ORCH_JOIN: token } }));
  const { code, stdout, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/other hosts: they join at 127\.0\.0\.2:\d+: `calm-orch token create` prints/);
  expectUndisturbedResults(story, 'story-1');
  for (const guest of guests) {
    const ended = await guest.ended;
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toContain('the run needs it no longer');
  }
  expect(workersOf()).toEqual(expect.arrayContaining(['trainer 2 finished', 'trainer 3 finished']));
  const third = await story.run(['worker', '--join', token, '--wait', '0']);
  expect(third.code).toBe(1);
  expect(third.stderr).toMatch(/No connection established|ECONNREFUSED/);
});

test('a guest whose token is revoked is cut off; what it held is done by others', async () => {
  const run = startRun('trainer');
  const first = await tokenFor();
  const guest = story.start(['worker', '--join', first], { stepMs: 50 });
  await until('it trains', () => story.lines('steps').length > 3);
  const { stdout: list } = await story.run(['token', 'list', '--json']);
  const [{ id }] = JSON.parse(list) as [{ id: string }];
  expect((await story.run(['token', 'revoke', id])).code).toBe(0);
  const revokedMs = performance.now();
  const ended = await guest.ended;
  expect(performance.now() - revokedMs).toBeLessThan(5000);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('was revoked')]);
  const again = await story.run(['worker', '--join', first]);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('the join token is refused: it was revoked')]);
  story.start(['worker', '--join', await tokenFor()]);
  expect((await run.ended).code).toBe(0);
  expectUndisturbedResults(story, 'story-1');
  const events = story.tracker((tracker) => tracker.listEvents('story-1', 1000).map(({ message }) => message));
  expect(events.filter((message) => message.includes(id)).slice(0, 3)).toEqual([
    `join token ${id} created`,
    expect.stringMatching(new RegExp(`^trainer \\d joined with token ${id}$`)),
    `join token ${id} revoked`,
  ]);
});

test('a guest outlives its coordinator and works for the next one, where it was', async () => {
  const run = startRun('trainer');
  const guest = story.start(['worker', '--join', await tokenFor()], { stepMs: 50 });
  await until('it trains', () => story.lines('steps').length > 3);
  await run.kill('SIGKILL');
  const done = story.lines('steps').length;
  const resumed = story.start(['resume']);
  await until('it trains again', () => story.lines('steps').length > done + 3);
  const { code, stderr } = await resumed.ended;
  expect([code, stderr]).toEqual([0, '']);
  expectUndisturbedResults(story, 'story-1');
  const ended = await guest.ended;
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  expect(ended.stdout.match(/registered at 127\.0\.0\.2:\d+/g)).toHaveLength(2);
});

test.skipIf(!canBeApart())(
  'a guest that does not see the run folder fetches what it reads; the next goes on from the checkpoint it handed over',
  async () => {
    const run = startRun('trainer');
    const token = await tokenFor('--uses', '2');
    const cache = join(story.dir, 'cache');
    const options = { apart: true, stepMs: 200 };
    const first = story.start(['worker', '--join', token, '--cache', cache], options);
    await until('it is far in a stage', () => story.lines('steps').some((line) => line.endsWith(' 12')));
    const [stage] = story.lines('steps').at(-1)!.split(' ');
    const { stdout } = await first.kill('SIGKILL');
    expect(stdout).toMatch(/does not see the run folder: fetches what it reads/);
    // What a killed worker has left the next one removes.
    expect(readdirSync(join(cache, 'attempts'))).toHaveLength(1);
    const second = story.start(['worker', '--join', token, '--cache', cache], options);
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, '']);
    expectUndisturbedResults(story, 'story-1');
    expect((await second.ended).code).toBe(0);
    const steps = story.lines('steps').filter((line) => line.startsWith(`${stage} `));
    expect(steps.filter((line) => line === `${stage} 0`)).toHaveLength(1);
    expect(steps.length).toBeLessThan(20 + 12);
    expect(readdirSync(join(cache, 'attempts'))).toEqual([]);
    expect(readdirSync(join(story.dir, 'runs/staging'))).toEqual([]);
  },
);

test('a token that was cut off, and a run that listens for nobody, are said', async () => {
  const cut = await story.run(['worker', '--join', 'K10abc']);
  expect([cut.code, cut.stderr]).toEqual([2, expect.stringContaining('is it whole?')]);
  const nobody = await story.run(['run', 'story.yaml', '--listen', '127.0.0.1:0', '--trainers', '0']);
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('expected a whole number of at least 1')]);
  const none = await story.run(['worker']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('name a token with --join')]);
  const run = story.start(['run', 'story.yaml'], { stepMs: 100 });
  await until('training is under way', () => story.lines('steps').length > 0);
  const made = await story.run(['token', 'create']);
  expect([made.code, made.stderr]).toEqual([1, expect.stringContaining('start or resume it with --listen HOST:PORT')]);
  await run.kill('SIGTERM');
});

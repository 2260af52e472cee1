// Three hosts that share no file (test/hosts), and what a network does: slow and stalling, a host cut off and healed, one gone
// for good, the coordinator moved. Each run must end in the weights of one host.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeHosts, smoke, type Hosts, type Process } from '../hosts/hosts.test-util.ts';
import { until } from '../stories/story.test-util.ts';

vi.setConfig({ testTimeout: 1_200_000 });

// Long enough for what happens in it.
const long: readonly string[] = [
  ...smoke,
  ...['finetuneComment=150', 'finetuneScore=500'].flatMap((each) => ['--set', each.replace('=', '.steps=')]),
];
let hosts: Hosts;
/** Trained by one host, by the arguments of the run. */
const trainedAlone = new Map<readonly string[], (string | null)[]>();

beforeEach(() => void (hosts = makeHosts()));
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(hosts.outputs());
  hosts.close();
});

async function fingerprintsAlone(args: readonly string[]): Promise<(string | null)[]> {
  const known = trainedAlone.get(args);
  if (known !== undefined) return known;
  const { code, output } = await hosts.on(1, [...args, '--dir', join(hosts.home, 'alone')]).ended;
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  const found = hosts.fingerprints(join(hosts.folder(1), 'alone'));
  trainedAlone.set(args, found);
  return found;
}

const runsOf = (host: number): string => join(hosts.folder(host), 'runs');

async function begin(args = long): Promise<{
  readonly run: Process;
  readonly guests: readonly Process[];
  readonly token: string;
}> {
  const listen = ['--listen', `${hosts.subnet}.1:0`, '--trainers', '1'];
  const run = hosts.on(1, [...args, '--dir', join(hosts.home, 'runs'), ...listen]);
  await until('the run listens', () => existsSync(join(runsOf(1), 'connections/smoke-1.json')));
  const token = await hosts.token(1, 6);
  return { run, guests: [2, 3].map((host) => hosts.guest(host, token)), token };
}

/** Of the stage trained now. */
const gangSize = (host: number): number =>
  hosts.read(runsOf(host), (tracker) => {
    const stage = tracker
      .listRunStages('smoke-1')
      .find(({ kind, status }) => kind === 'finetune-score' && status === 'running');
    return stage === undefined ? 0 : tracker.lastRoster(stage.key).length;
  });

async function expectSameWeights(run: Process, { host = 1, args = long } = {}): Promise<void> {
  const { code, output } = await run.ended;
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  expect(hosts.fingerprints(runsOf(host))).toEqual(await fingerprintsAlone(args));
}

const numLost = (host: number): number =>
  hosts.read(
    runsOf(host),
    (tracker) => tracker.listAttempts('smoke-1').filter(({ status }) => status === 'lost').length,
  );

test('50 ms of delay each way, and half a second of silence every five seconds', async () => {
  if (hosts.problem !== null) return expect(hosts.problem).not.toBe('');
  const slow = hosts.start('python3', ['test/hosts/slow.py', hosts.name, '0.05', '5', '0.5']);
  await until('the network is slow', () => slow.output().includes('ready'));
  // Each step waits several times for answers.
  const { run, guests } = await begin(smoke);
  await expectSameWeights(run, { args: smoke });
  for (const { ended } of guests) expect((await ended).code).toBe(0);
  expect(numLost(1)).toBe(0);
});

test('a host that is cut off for 20 s and healed', async () => {
  if (hosts.problem !== null) return expect(hosts.problem).not.toBe('');
  const { run, guests } = await begin();
  await until('all three train together', () => gangSize(1) === 3);
  hosts.link(2, 'down');
  await sleep(20_000);
  hosts.link(2, 'up');
  await expectSameWeights(run);
  const [cut, other] = await Promise.all(guests.map(({ ended }) => ended));
  expect([cut!.code, other!.code]).toEqual([0, 0]);
  expect(cut!.output.match(/registered at/g)).toHaveLength(2);
  expect(numLost(1)).toBeGreaterThan(0);
});

test('a host that is gone for good', async () => {
  if (hosts.problem !== null) return expect(hosts.problem).not.toBe('');
  const { run, guests } = await begin();
  await until('all three train together', () => gangSize(1) === 3);
  // Its connections are not closed: nobody is told.
  hosts.link(3, 'down');
  hosts.kill(3);
  await expectSameWeights(run);
  expect((await guests[0]!.ended).code).toBe(0);
  expect(numLost(1)).toBeGreaterThan(0);
});

test('a coordinator that moves to another host with its folder', async () => {
  if (hosts.problem !== null) return expect(hosts.problem).not.toBe('');
  const { guests, token } = await begin();
  await until('all three train together', () => gangSize(1) === 3);
  await sleep(5000);
  hosts.link(1, 'down');
  hosts.kill(1);
  hosts.kill(2);
  execFileSync('cp', ['-a', runsOf(1), hosts.folder(2)]);
  const resume = () =>
    hosts.on(2, ['resume', '--dir', join(hosts.home, 'runs'), '--listen', `${hosts.subnet}.2:7700`, '--trainers', '1']);
  let run = resume();
  const hasEnded = (): boolean => run.child.exitCode !== null;
  for (; ; run = resume()) {
    await until('it goes on, or not yet', () => hasEnded() || run.output().includes('other hosts: they join at'));
    if (!hasEnded()) break;
    // For a minute the coordinator might live, where it was.
    expect(run.output()).toMatch(/run smoke-1 is at work on/);
    await sleep(5000);
  }
  const moved = hosts.guest(3, token, '--at', `${hosts.subnet}.2:7700`);
  await expectSameWeights(run, { host: 2 });
  expect((await moved.ended).code).toBe(0);
  // Of the one that was: nobody answered it any more.
  expect((await guests[1]!.ended).code).toBe(1);
});

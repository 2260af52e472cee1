// Three hosts (test/hosts), each with a network, a name, shared memory and a folder of its own, that share no file: they train
// together, to the bits of one host, and nothing but TLS crosses between them.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHosts, type Hosts } from '../hosts/hosts.test-util.ts';
import { until } from '../stories/story.test-util.ts';
import { makeRealRuns, smallRun, type RealRuns } from '../e2e/real-run.test-util.ts';

let hosts: Hosts;
let alone: RealRuns;
beforeAll(() => {
  hosts = makeHosts();
  alone = makeRealRuns();
});
afterAll(() => {
  hosts.close();
  alone.close();
});

test('three hosts train to the bits of one, over TLS alone, while certificates and their authority are replaced', async () => {
  if (hosts.problem !== null) return expect(hosts.problem).not.toBe('');
  const { name, subnet, home } = hosts;
  const [together, runs] = [join(home, 'runs'), join(hosts.folder(1), 'runs')];
  await alone.copy('undisturbed', 'alone');

  // Certificates of 18 seconds are renewed after twelve.
  const short = { CALM_ORCH_CERTIFICATE_SECONDS: '18' };
  mkdirSync(hosts.folder(1), { recursive: true });
  const captured = join(hosts.folder(1), 'captured');
  const capture = hosts.startOn(1, 'python3', ['capture.py', captured]);
  await until('the network is watched', () => existsSync(`${captured}.ready`));
  const experiment = ['run', 'experiments/smoke.yaml', ...smallRun, '--dir', together];
  const run = hosts.on(1, [...experiment, '--listen', `${subnet}.1:0`, '--trainers', '1'], short);
  await until('the run listens', () => existsSync(join(runs, 'connections/smoke-1.json')));
  const token = await hosts.token(1, 2);
  const guests = [2, 3].map((host) => hosts.guest(host, token));
  const isGang = (): boolean =>
    hosts.read(runs, (tracker) =>
      tracker.listRunStages('smoke-1').some(({ key }) => tracker.lastRoster(key).length === 3),
    );
  await until('all three train together', () => existsSync(join(runs, 'calm-orch.db')) && isGang(), 240_000);
  expect((await hosts.on(1, ['token', 'rotate', '--dir', together]).ended).code).toBe(0);

  const { code, output } = await run.ended;
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  for (const guest of guests) {
    const ended = await guest.ended;
    expect([ended.code, ended.code === 0 ? '' : ended.output]).toEqual([0, '']);
    expect(ended.output).toMatch(/does not see the run folder: fetches what it reads/);
    expect(ended.output).toMatch(/fetched artifact [0-9a-f]{8}: \d+ files/);
  }
  expect(hosts.fingerprints(runs)).toEqual(hosts.fingerprints(alone.folder('alone').dir));
  const workers = hosts.read(runs, (tracker) => tracker.listWorkers('smoke-1'));
  const trainers = workers.filter(({ role }) => role === 'trainer').map(({ host, ending }) => `${host} ${ending}`);
  expect(trainers.sort()).toEqual([1, 2, 3].map((host) => `${name}-${host} finished`));
  const losses = hosts.read(runs, (tracker) =>
    tracker.listAttempts('smoke-1').filter(({ status }) => status === 'lost'),
  );
  expect(losses).toEqual([]);
  // Nothing of an attempt is left; artifacts stay for the next run.
  for (const host of [2, 3]) expect(readdirSync(join(hosts.folder(host), 'cache/attempts'))).toEqual([]);
  expect(readdirSync(join(runs, 'staging'))).toEqual([]);

  capture.child.kill('SIGTERM');
  await capture.ended;
  const flows = readFileSync(captured, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { from: string; to: string; first: string; bytes: number; plain: boolean });
  // Registrations and leases, files, and tensors between trainers: more than the weights of the smallest model.
  expect(flows.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(1e6);
  expect(flows.filter(({ first, plain }) => plain || !/^1[4567]03/.test(first))).toEqual([]);
}, 600_000);

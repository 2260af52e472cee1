// Three hosts (test/hosts), each with a network, a name and shared memory of its own, that see one run folder: they train together,
// to the bits of one host, and nothing but TLS crosses between them.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { until } from '../stories/story.test-util.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'packages/cli/bin/calm-orch.js');
const hosts = (script: string): string => join(root, 'test/hosts', script);
const name = `co${process.pid % 1e6}`;
const subnet = `10.77.${process.pid % 250}`;

let dir: string;
let isUp = false;
const running = new Set<ChildProcess>();

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-hosts-'));
  try {
    execFileSync(hosts('up.sh'), [name, subnet], { stdio: 'pipe' });
    isUp = true;
  } catch (error) {
    console.log(
      `hosts not tried: network namespaces cannot be made here (${(error as Error).message.split('\n').at(-2)})`,
    );
  }
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  if (isUp) execFileSync(hosts('down.sh'), [name]);
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
  return { child, ended };
}

const on = (host: number, args: readonly string[], env?: NodeJS.ProcessEnv) =>
  start(hosts('on.sh'), [name, String(host), process.execPath, program, ...args], env);

const sizes = ['numTrain=60', 'numTest=30', 'numUnlabeled=60', 'numGeneric=30'].flatMap((size) => [
  '--set',
  `data.${size}`,
]);
const steps = ['pretrainSsl=20', 'pretrainGeneric=20', 'finetuneComment=60', 'finetuneScore=120'].flatMap((stage) => [
  '--set',
  stage.replace('=', '.steps='),
]);
const smoke = [
  'run',
  'experiments/smoke.yaml',
  '--rows',
  'all',
  '--seeds',
  '0',
  ...sizes,
  ...steps,
  '--gang-min-left',
  '0',
];

function read<T>(runs: string, look: (tracker: Tracker) => T): T {
  const tracker = openTracker(runs, { access: 'read' });
  try {
    return look(tracker);
  } finally {
    tracker.close();
  }
}

const fingerprints = (runs: string): (string | null)[] =>
  read(runs, (tracker) => tracker.getRun('smoke-1').trials.map(({ fingerprint }) => fingerprint));

test('three hosts train to the bits of one, over TLS alone, while certificates and their authority are replaced', async () => {
  if (!isUp) return expect(isUp).toBe(false);
  const [alone, together] = [join(dir, 'alone'), join(dir, 'together')];
  const one = await start(process.execPath, [program, ...smoke, '--dir', alone]).ended;
  expect([one.code, one.code === 0 ? '' : one.output]).toEqual([0, '']);

  // Certificates of eight seconds are renewed after five.
  const short = { CALM_ORCH_CERTIFICATE_SECONDS: '8' };
  const captured = join(dir, 'captured');
  const capture = start('ip', ['netns', 'exec', `${name}-1`, 'python3', hosts('capture.py'), captured]);
  await until('the network is watched', () => existsSync(`${captured}.ready`));
  const run = on(1, [...smoke, '--dir', together, '--listen', `${subnet}.1:0`, '--trainers', '1'], short);
  const connection = join(together, 'connections/smoke-1.json');
  await until('the run listens', () => existsSync(connection));
  const made = await on(1, ['token', 'create', '--role', 'trainer', '--uses', '2', '--dir', together]).ended;
  expect(made.output).toMatch(/^K10[0-9a-f]{64}::\S+\n$/);
  const guests = [2, 3].map((host) => on(host, ['worker'], { CALM_ORCH_JOIN: made.output.trim() }));
  const isGang = (): boolean =>
    read(together, (tracker) =>
      tracker.listRunStages('smoke-1').some(({ key }) => tracker.lastRoster(key).length === 3),
    );
  await until('all three train together', () => existsSync(join(together, 'calm-orch.db')) && isGang());
  expect((await on(1, ['token', 'rotate', '--dir', together]).ended).code).toBe(0);

  const { code, output } = await run.ended;
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  expect(await Promise.all(guests.map(({ ended }) => ended))).toMatchObject([{ code: 0 }, { code: 0 }]);
  expect(fingerprints(together)).toEqual(fingerprints(alone));
  const workers = read(together, (tracker) => tracker.listWorkers('smoke-1'));
  const trainers = workers.filter(({ role }) => role === 'trainer').map(({ host, ending }) => `${host} ${ending}`);
  expect(trainers.sort()).toEqual([1, 2, 3].map((host) => `${name}-${host} finished`));
  const losses = read(together, (tracker) => tracker.listAttempts('smoke-1').filter(({ status }) => status === 'lost'));
  expect(losses).toEqual([]);

  capture.child.kill('SIGTERM');
  await capture.ended;
  const flows = readFileSync(captured, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { from: string; to: string; first: string; bytes: number; plain: boolean });
  // Registrations and leases, and tensors between trainers: more than the weights of the smallest model.
  expect(flows.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(1e6);
  expect(flows.filter(({ first, plain }) => plain || !/^1[4567]03/.test(first))).toEqual([]);
}, 600_000);

// The launcher against commands that stand in for Slurm's: what the queue shows is a file.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutOf } from '../artifacts/layout.ts';
import type { LaunchedEnd, WorkerSlot } from './launcher.ts';
import { SlurmLauncher } from './slurm.ts';

let dir: string;
let notes: string[];
const path = process.env['PATH'];
const file = (name: string): string => join(dir, name);
const commands: Readonly<Record<string, string>> = {
  squeue: '[ -e away ] && { echo "Unable to contact slurm controller" >&2; exit 1; }\ncat queue',
  sbatch:
    '[ -e refusal ] && { cat refusal >&2; exit 1; }\necho $(( $(grep -c ^sbatch calls) + 100 ))\n[ -e late ] && sleep 0.3 || true',
  scancel: 'true',
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-slurm-launcher-'));
  notes = [];
  writeFileSync(file('queue'), '');
  writeFileSync(file('calls'), '');
  for (const [name, text] of Object.entries(commands))
    // A call is told once all there is of it is on the disk.
    writeFileSync(
      file(name),
      `#!/bin/sh\ncd '${dir}'\n${name === 'sbatch' ? 'cat >script\n' : ''}echo "${name} $*" >>calls\n${text}\n`,
      { mode: 0o755 },
    );
  process.env['PATH'] = `${dir}:${path}`;
});
afterEach(() => {
  process.env['PATH'] = path;
  // A command may be under way still.
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

const slot = (index: number): WorkerSlot => ({ role: 'trainer', index });
const calls = (command: string): string[] =>
  readFileSync(file('calls'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(command));

const element = (id: string, state: string, reason = 'None', start = 't'): string =>
  `${id.replace('_', '|')}|${state}|${reason}|${start}|n1|calm-orch:r-1:trainer|${dir}\n`;
/** At once: half a queue would tell that the others have gone. */
const show = (...elements: string[]): void => {
  writeFileSync(file('next'), elements.join(''));
  renameSync(file('next'), file('queue'));
};

function launcher(keep = true): SlurmLauncher {
  return new SlurmLauncher({
    args: ['--partition=gpu'],
    command: ['/bin/worker'],
    gpus: true,
    runId: 'r-1',
    layout: layoutOf(dir),
    keep,
    onNote: (message) => notes.push(message),
    leastMs: () => 150,
  });
}

function start(slurm: SlurmLauncher, index: number) {
  const worker = slurm.start(slot(index));
  const state: { end: LaunchedEnd | null } = { end: null };
  worker.ended.then(
    (end) => (state.end = end),
    () => {},
  );
  return { worker, state };
}

test('slots that start together are one array, with options of the user last; their states are told', async () => {
  const slurm = launcher();
  const workers = [0, 1, 2].map((index) => start(slurm, index));
  await expect.poll(() => calls('sbatch')).toHaveLength(1);
  expect(calls('sbatch')[0]).toMatch(/--array=0-2 --job-name=calm-orch:r-1:trainer .*--gres=gpu:1 --partition=gpu$/);
  await expect
    .poll(() => readFileSync(file('script'), 'utf8'))
    .toContain(`'${file('joins/r-1/trainer-')}'"$SLURM_ARRAY_TASK_ID"`);
  expect(slurm.isWaiting(slot(0))).toBe(true);
  show(element('101_0', 'RUNNING'), element('101_1', 'PENDING', 'Resources'), element('101_2', 'RUNNING'));
  await expect.poll(() => notes).toEqual(['trainer: 2 RUNNING, 1 PENDING (Resources)']);
  expect([0, 1].map((index) => slurm.isWaiting(slot(index)))).toEqual([false, true]);
  expect(slurm.describe(slot(1))).toContain(
    'is PENDING (Resources) on n1, job 101_1; it has a log that cannot be read',
  );

  slurm.stop(
    workers.map(({ worker }) => worker),
    'orderly',
  );
  await expect.poll(() => workers.every(({ state }) => state.end !== null)).toBe(true);
  expect(calls('scancel')).toEqual(['scancel --quiet 101_[0-2]']);
});

test('who ended is submitted again by its slot alone; who was requeued keeps its element', async () => {
  const slurm = launcher();
  const [first, second] = [start(slurm, 0), start(slurm, 1)];
  // As the pool does, at once.
  const again = [first, second].map(({ worker }, index) => worker.ended.then(() => start(slurm, index)));
  await expect.poll(() => calls('sbatch')).toHaveLength(1);
  show(element('101_0', 'RUNNING'), element('101_1', 'RUNNING'));
  await expect.poll(() => slurm.isWaiting(slot(0))).toBe(false);
  show(element('101_0', 'NODE_FAIL'), element('101_1', 'PENDING', 'BeginTime', 'later'));
  await expect.poll(() => second.state.end?.reason).toBe('was requeued: PENDING (BeginTime) on n1, job 101_1');
  expect(first.state.end).toEqual({ ending: 'killed', reason: 'ended: NODE_FAIL on n1, job 101_0' });
  await expect.poll(() => calls('sbatch').length).toBeGreaterThan(1);
  expect(calls('sbatch')[1]).toContain('--array=0 ');
  await expect.poll(() => slurm.describe(slot(1))).toContain('PENDING (BeginTime)');
  await expect.poll(() => slurm.describe(slot(0))).toContain('job 10');
  for (const { worker } of await Promise.all(again)) worker.leave();
});

test('while the queue does not answer nothing ends and nothing is submitted twice', async () => {
  const slurm = launcher();
  const worker = start(slurm, 0);
  await expect.poll(() => calls('sbatch')).toHaveLength(1);
  writeFileSync(file('away'), '');
  await expect.poll(() => notes.join()).toContain('the queue does not answer, what is known of it stays: Unable to');
  expect(slurm.describe(slot(0))).toContain('submitted as job 101_0 (the queue does not answer');
  expect(worker.state.end).toBe(null);
  show(element('101_0', 'RUNNING'));
  rmSync(file('away'));
  await expect.poll(() => notes).toContain('the queue answers again');
  expect([worker.state.end, calls('sbatch').length]).toEqual([null, 1]);
  worker.worker.leave();
});

test('the next coordinator takes elements over; those of another version of the program it cancels', async () => {
  show(element('50_0', 'RUNNING'), element('50_7', 'RUNNING'));
  const slurm = launcher();
  const worker = start(slurm, 0);
  await expect.poll(() => slurm.describe(slot(0))).toContain('RUNNING on n1, job 50_0');
  await expect.poll(() => calls('scancel')).toEqual(['scancel --quiet 50_[7]']);
  expect(calls('sbatch')).toEqual([]);
  worker.worker.leave();

  const other = launcher(false);
  const anew = start(other, 0);
  await expect.poll(() => calls('scancel')).toHaveLength(2);
  expect(calls('scancel')[1]).toBe('scancel --quiet 50_[0,7]');
  await expect.poll(() => calls('sbatch')).toHaveLength(1);
  // Left before it knows what it has submitted it would cancel that, beside the next test.
  await expect.poll(() => other.describe(slot(0))).toContain('job 10');
  anew.worker.leave();
});

test('who fell silent is cancelled where it still runs, and left where it was requeued', async () => {
  const slurm = launcher();
  const [first, second] = [start(slurm, 0), start(slurm, 1)];
  await expect.poll(() => calls('sbatch')).toHaveLength(1);
  show(element('101_0', 'RUNNING'), element('101_1', 'RUNNING'));
  await expect.poll(() => slurm.isWaiting(slot(1))).toBe(false);
  show(element('101_0', 'RUNNING'), element('101_1', 'CONFIGURING', 'None', 'later'));
  slurm.stop([first.worker, second.worker], 'silent');
  const again = [start(slurm, 0), start(slurm, 1)];
  await expect.poll(() => calls('scancel')).toEqual(['scancel --quiet 101_[0]']);
  await expect.poll(() => calls('sbatch')).toHaveLength(2);
  expect(calls('sbatch')[1]).toContain('--array=0 ');
  expect(slurm.describe(slot(1))).toContain('job 101_1');
  for (const { worker } of again) worker.leave();
});

test('an order that Slurm refuses ends the run; one that it may not have got is given again once the queue answers', async () => {
  writeFileSync(file('refusal'), 'sbatch: error: Batch job submission failed: Invalid partition name specified\n');
  const refused = start(launcher(), 0);
  await expect.poll(() => refused.state.end).not.toBe(null);
  expect(refused.state.end).toEqual({
    ending: 'lost',
    reason: 'cannot be started: sbatch: Batch job submission failed: Invalid partition name specified',
    isHopeless: true,
  });
  expect(existsSync(file('queue'))).toBe(true);

  appendFileSync(file('calls'), '');
  writeFileSync(
    file('refusal'),
    'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n',
  );
  const slurm = launcher();
  const worker = start(slurm, 0);
  await expect.poll(() => notes.join()).toContain('workers cannot be submitted, tried again: sbatch: Batch job');
  // It had arrived all the same.
  show(element('77_0', 'PENDING', 'Priority'));
  await expect.poll(() => slurm.describe(slot(0))).toContain('PENDING (Priority) on n1, job 77_0');
  expect(worker.state.end).toBe(null);
  worker.worker.leave();
});

// The pool with a launcher whose workers join for their slots, as under Slurm: ends are what the test says.
import { expect, test } from 'vitest';
import type { LaunchedEnd, Launcher, StartedWorker } from '../launchers/launcher.ts';
import { WorkerPool } from './worker-pool.ts';

const slot = { role: 'trainer', index: 0 } as const;
const lost: LaunchedEnd = { ending: 'lost', reason: 'ended: FAILED on n1' };

function makePool() {
  const ends: ((end: LaunchedEnd) => void)[] = [];
  const said: string[] = [];
  const broken: unknown[] = [];
  let isBusy = false;
  const launcher: Launcher = {
    joins: true,
    start: () => {
      let end!: (how: LaunchedEnd) => void;
      const ended = new Promise<LaunchedEnd>((resolve) => (end = resolve));
      ends.push(end);
      const worker: StartedWorker = { process: null, ended, leave: () => {} };
      return worker;
    },
    stop: (workers, how) => {
      said.push(`stop ${workers.length} ${how}`);
      ends.at(-1)!({ ending: 'lost', reason: 'was cancelled' });
    },
    isWaiting: () => true,
    describe: () => 'said nothing',
  };
  const pool = new WorkerPool({
    launcher,
    slots: [slot],
    call: {},
    isBusy: () => isBusy,
    onStart: () => said.push('recorded'),
    onExit: (instance, { ending, reason }) => said.push(`${instance} ${ending}: ${reason}`),
    onBroken: (error) => broken.push(error),
  });
  pool.start();
  return { pool, ends, said, broken, setBusy: (busy: boolean) => (isBusy = busy) };
}

test('who registers last has the slot; the one before has gone and is not let in again', () => {
  const { pool, said } = makePool();
  expect(pool.members).toEqual([{ slot, instance: null }]);
  expect(pool.seat(slot, 'first')).toBe(true);
  expect(pool.seat(slot, 'first')).toBe(true);
  expect(pool.seat({ ...slot, index: 7 }, 'elsewhere')).toBe(false);
  expect(pool.seat(slot, 'second')).toBe(true);
  expect(said).toEqual(['first lost: ended: its place was taken by the next']);
  expect([pool.has('first'), pool.has('second'), pool.seat(slot, 'first')]).toEqual([false, true, false]);
});

test('a worker that had joined is followed by the next one as often as it takes', async () => {
  const { pool, ends, said, broken } = makePool();
  for (let time = 0; time < 7; time++) {
    expect(pool.seat(slot, `worker ${time}`)).toBe(true);
    ends[time]!(lost);
    await expect.poll(() => ends.length).toBe(time + 2);
  }
  expect([said.length, said[0], broken]).toEqual([7, 'worker 0 lost: ended: FAILED on n1', []]);
});

test('five in a row that end without having joined end the run, unless a node or the queue was to blame', async () => {
  const { ends, said, broken } = makePool();
  for (let time = 0; time < 6; time++) {
    ends[time]!({ ending: 'killed', reason: 'was requeued' });
    await expect.poll(() => ends.length).toBe(time + 2);
  }
  for (let time = 6; time < 11; time++) {
    ends[time]!(lost);
    await new Promise(setImmediate);
  }
  expect(String(broken[0])).toContain('trainer 0 ended: FAILED on n1, 5 times right after its start; it said nothing');
  expect([ends.length, said]).toEqual([11, []]);
  const hopeless = makePool();
  hopeless.ends[0]!({ ...lost, reason: 'cannot be started: sbatch: no such partition', isHopeless: true });
  await expect.poll(() => String(hopeless.broken[0])).toContain('trainer 0 cannot be started: sbatch: no such');
});

test('at the end who holds a lease hands it over before all are cancelled', async () => {
  const { pool, said, setBusy } = makePool();
  pool.seat(slot, 'only');
  setBusy(true);
  const closed = pool.close(60_000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(said).toEqual([]);
  setBusy(false);
  await closed;
  expect(said).toEqual(['stop 1 orderly', 'only finished: was cancelled']);
});

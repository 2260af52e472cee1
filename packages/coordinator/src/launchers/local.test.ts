// Real processes in the place of workers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adoptProcess, isAlive, stopProcess } from './host-process.ts';
import type { Launcher, WorkerSlot } from './launcher.ts';
import { localLauncher } from './local.ts';

let dir: string;
let launcher: Launcher;
const slot: WorkerSlot = { role: 'trainer', index: 1 };
const logFile = ({ role, index }: WorkerSlot): string => join(dir, 'logs', `${role}-${index}.log`);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-launcher-'));
  const script = join(dir, 'worker.mjs');
  const says = 'process.argv.slice(2).join(" "), process.env.CALM_ORCH_ADDRESS, process.env.OMP_NUM_THREADS';
  writeFileSync(
    script,
    `process.on('SIGTERM', () => { console.log('saved'); process.exit(0); }); console.log(${says}); setInterval(() => {}, 1000);`,
  );
  const counts = { trainer: 2, augmentor: 1, evaluator: 1 };
  launcher = localLauncher({ script, counts, machine: { numCores: 4, numGpus: 0 }, logFile });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function started() {
  const found = launcher.start(slot, { CALM_ORCH_ADDRESS: 'unix:here' });
  await expect.poll(() => readFileSync(logFile(slot), 'utf8')).toContain('trainer 1 unix:here 2\n');
  return { ...found, worker: found, process: found.process! };
}

test('a worker is called with its slot, is told where to register, and its end is seen', async () => {
  const { worker, process, ended } = await started();
  expect(isAlive(process)).toBe(true);
  expect(launcher.isWaiting(slot)).toBe(false);
  expect(launcher.describe(slot)).toBe(`last said: trainer 1 unix:here 2 (log: ${logFile(slot)})`);
  launcher.stop([worker], 'orderly');
  expect(await ended).toEqual({ ending: 'finished', reason: 'ended with exit code 0' });
  expect(isAlive(process)).toBe(false);
  expect(launcher.describe(slot)).toMatch(/^last said: saved \(log: /);
  expect(launcher.describe({ ...slot, index: 7 })).toMatch(/^has a log that cannot be read: ENOENT/);
});

test('who was started by another coordinator is known by number and start, and nobody else is ended for it', async () => {
  const { worker, process } = await started();
  const other = { ...process, started: 'at another time' };
  expect(isAlive(other)).toBe(false);
  stopProcess(other, 'at once');
  await expect(adoptProcess(other).ended).resolves.toEqual({ ending: 'lost', reason: 'ended' });
  expect(isAlive(process)).toBe(true);
  const adopted = adoptProcess(process);
  launcher.stop([worker], 'at once');
  expect(await adopted.ended).toEqual({ ending: 'lost', reason: 'ended' });
});

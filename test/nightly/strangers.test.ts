// A coordinator that listens on the network, and strangers that connect for ten minutes: half-open, malformed, oversized, too many.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectUndisturbedResults, makeStory, until, type Story } from '../stories/story.test-util.ts';

const strangers = fileURLToPath(new URL('./fixtures/strangers.js', import.meta.url));
const minutes = 10;
/** The story's six trainings have twenty steps each. */
const stepMs = (minutes * 60_000) / 120;

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

test('strangers take up little of a coordinator, and a training goes on as if they were not there', async () => {
  const run = story.start(['run', 'story.yaml', '--listen', '127.0.0.2:0', '--trainers', '0']);
  const connection = join(story.dir, 'runs/connections/story-1.json');
  await until('the run listens', () => existsSync(connection) && readFileSync(connection, 'utf8').includes('"hosts"'));
  const { hosts } = JSON.parse(readFileSync(connection, 'utf8')) as { hosts: string };
  const { stdout: token } = await story.run(['token', 'create']);
  const before = residentMb(run.child.pid!);
  const attack = spawn(process.execPath, [strangers, hosts], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  attack.stdout.on('data', (chunk) => (said += chunk));
  await sleep(5000);
  // It comes when they are there already.
  const guest = story.start(['worker', '--join', token.trim()], { stepMs });
  let peak = before;
  let isOver = false;
  const ended = run.ended.finally(() => (isOver = true));
  try {
    while (!isOver) {
      await sleep(250);
      if (!isOver && existsSync(`/proc/${run.child.pid}/status`)) peak = Math.max(peak, residentMb(run.child.pid!));
    }
  } finally {
    attack.kill('SIGTERM');
    await new Promise((resolve) => attack.once('close', resolve));
  }
  console.log(
    `strangers: ${said.trim()}; the coordinator had ${before.toFixed(0)} MB before and ${peak.toFixed(0)} at most`,
  );
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([0, '']);
  expect((await guest.ended).code).toBe(0);
  expectUndisturbedResults(story, 'story-1');
  const { attempts, events } = story.tracker((tracker) => ({
    attempts: tracker.listAttempts('story-1').filter(({ status }) => status !== 'succeeded'),
    events: tracker.listEvents('story-1', 100_000).filter(({ message }) => message.startsWith('refused')),
  }));
  expect(attempts).toEqual([]);
  expect(events.length).toBeGreaterThan(0);
  expect(events.length).toBeLessThanOrEqual(20 * (minutes + 2));
  expect(peak).toBeLessThan(before + 400);
}, 1_500_000);

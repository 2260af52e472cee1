import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-lock-'));
  path = join(dir, 'install.lock');
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const holdBy = (pid: number, host: string) => writeFileSync(path, JSON.stringify({ pid, host }));

test('lets one work at a time and tells who waits whom for', async () => {
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    events.push(`${name} ends`);
  };
  const waitedFor: number[] = [];
  const options = { onWait: (pid: number) => waitedFor.push(pid) };
  await Promise.all([withLock(path, work('a'), options), withLock(path, work('b'), options)]);
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(waitedFor).toEqual([process.pid]);
  expect(existsSync(path)).toBe(false);
});

test('is free again after an error', async () => {
  await expect(withLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});

test('breaks the lock of a process that is gone', async () => {
  holdBy(2 ** 22 + 1, hostname());
  expect(await withLock(path, async () => 'done')).toBe('done');
});

test('breaks the lock of another machine only when it was long untouched', async () => {
  holdBy(1, 'elsewhere');
  const signal = AbortSignal.timeout(300);
  await expect(withLock(path, async () => 'done', { signal })).rejects.toThrow();
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(path, longAgo, longAgo);
  expect(await withLock(path, async () => 'done')).toBe('done');
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isEnough, limitText, machineLimits } from './machine-limits.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-limits-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const limitsFile = (hard: string): string => {
  const path = join(dir, 'limits');
  writeFileSync(path, `Limit   Soft Limit  Hard Limit  Units\nMax open files            256   ${hard}   files\n`);
  return path;
};

test('a run folder that is not there yet has the room of the folder it will lie in', () => {
  const [there, notYet] = [dir, join(dir, 'not', 'yet')].map((each) => machineLimits({ dir: each })[0]!);
  expect(notYet!.path).toBe(join(dir, 'not', 'yet'));
  expect(notYet!.value).toBeGreaterThan(0);
  expect(Math.abs(notYet!.value! - there!.value!)).toBeLessThan(2 ** 30);
});

test('few open files and no shared memory are not enough, with what to do about each', () => {
  const limits = machineLimits({ dir, shared: join(dir, 'none'), limits: limitsFile('512') });
  const short = limits.filter((limit) => !isEnough(limit));
  expect(short.map(({ what, value }) => [what, value])).toEqual(
    expect.arrayContaining([
      ['shared memory', 0],
      ['open files', 512],
    ]),
  );
  expect(short.find(({ what }) => what === 'shared memory')!.remedy).toContain('--shm-size=1g');
  expect(short.find(({ what }) => what === 'open files')!.remedy).toContain('ulimit -n');
});

test('the hard limit of open files counts, and unlimited is enough', () => {
  const files = (hard: string) => machineLimits({ dir, limits: limitsFile(hard) }).at(-1)!;
  expect([files('4096'), files('unlimited')].map((limit) => [limitText(limit), isEnough(limit)])).toEqual([
    ['4096 files at once', true],
    ['unlimited files at once', true],
  ]);
});

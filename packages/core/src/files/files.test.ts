import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, writeFileAtomic } from './files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('makes a folder with those above it, once or again', () => {
  const folder = join(dir, 'a/b/c');
  makeFolder(folder);
  makeFolder(folder);
  expect(statSync(folder).isDirectory()).toBe(true);
});

test.runIf(process.platform === 'linux')('gives up at once where the file system refuses a folder', () => {
  expect(() => makeFolder('/proc/calm-orch/runs')).toThrow(/ENOENT/);
});

test('writes a file whole, from several parts, in a folder that was not there', () => {
  const path = join(dir, 'x/y.bin');
  writeFileAtomic(path, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
});

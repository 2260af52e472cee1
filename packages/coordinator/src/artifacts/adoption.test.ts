import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adoptOutput, discardOutput, discardOutputs } from './adoption.ts';
import { layoutOf, type Layout } from './layout.ts';

const key = 'ab'.repeat(32);
let layout: Layout;
beforeEach(() => void (layout = layoutOf(mkdtempSync(join(tmpdir(), 'calm-orch-adoption-')))));
afterEach(() => rmSync(layout.dir, { recursive: true, force: true }));

function write(token: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(layout.attempt(key, token), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

const adopted = (): Record<string, string> => {
  const dir = layout.staging(key);
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(dir.length + 1), readFileSync(path, 'utf8')]));
};

test('items that write into the same folders are put together, whichever is done first', async () => {
  write('second', { 'images/deep/2.png': 'two', 'pairs-1.jsonl': 'b' });
  write('first', { 'images/1.png': 'one', 'images/deep/1.png': 'one', 'pairs-0.jsonl': 'a' });
  for (const token of ['second', 'first']) {
    adoptOutput(layout, key, token);
    discardOutput(layout, key, token, false);
  }
  expect(adopted()).toEqual({
    'images/1.png': 'one',
    'images/deep/1.png': 'one',
    'images/deep/2.png': 'two',
    'pairs-0.jsonl': 'a',
    'pairs-1.jsonl': 'b',
  });
  await expect.poll(() => readdirSync(join(layout.dir, 'staging'))).toEqual([key]);
});

test('an adoption that was cut off is made good by that of the next attempt', () => {
  write('other', { 'images/9.png': 'nine' });
  adoptOutput(layout, key, 'other');
  // A coordinator that was killed after the first of two files.
  write('killed', { 'images/1.png': 'one' });
  adoptOutput(layout, key, 'killed');
  write('again', { 'images/1.png': 'one again', 'images/2.png': 'two' });
  adoptOutput(layout, key, 'again');
  expect(adopted()).toEqual({ 'images/1.png': 'one again', 'images/2.png': 'two', 'images/9.png': 'nine' });
});

test('what nobody adopts goes, but for what is written still; files of other stages stay', async () => {
  for (const token of ['lost', 'under way', 'killed']) write(token, { 'a.txt': token });
  const other = layout.attempt('cd'.repeat(32), 'lost');
  for (const path of [other, layout.staging(key)]) mkdirSync(path, { recursive: true });
  discardOutput(layout, key, 'lost', false);
  await expect.poll(() => existsSync(layout.attempt(key, 'lost'))).toBe(false);
  discardOutput(layout, key, 'lost', false);
  discardOutputs(layout, key, new Set(['under way']));
  const left = [layout.attempt(key, 'under way'), other, layout.staging(key)];
  expect(left.map((path) => existsSync(path))).toEqual([true, true, true]);
  expect(readdirSync(join(layout.dir, 'staging'))).toHaveLength(3);
});

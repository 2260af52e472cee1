import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '@calm-orch/core';
import { publishArtifact, removeLeftovers } from './artifact.ts';
import { damageOf, readArtifact } from './damage.ts';
import { layoutOf, type Layout } from './layout.ts';

let dir: string;
let layout: Layout;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-artifact-'));
  layout = layoutOf(dir);
  mkdirSync(join(layout.staging('k'), 'images'), { recursive: true });
  mkdirSync(layout.checkpoint('k'), { recursive: true });
  writeFileSync(join(layout.staging('k'), 'images', '1.png'), 'picture');
  writeFileSync(join(layout.staging('k'), 'list.txt'), 'one');
  writeFileSync(join(layout.staging('k'), 'list.txt.1234.tmp'), 'left by a killed writer');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const publish = () =>
  publishArtifact(layout, {
    key: 'k',
    kind: 'data',
    result: { metrics: { photos: 1 } },
    ingredients: { kind: 'data' },
  });

test('lists every file with size and hash, drops unfinished ones, and empties staging and checkpoints', async () => {
  expect(readArtifact(layout, 'k')).toBeNull();
  const manifest = await publish();
  expect(manifest.files).toEqual([
    { path: 'images/1.png', bytes: 7, sha256: sha256('picture') },
    { path: 'list.txt', bytes: 3, sha256: sha256('one') },
  ]);
  expect(readArtifact(layout, 'k')).toEqual(manifest);
  expect([existsSync(layout.staging('k')), existsSync(layout.checkpoint('k'))]).toEqual([false, false]);
});

test('is not there when a file is missing or has another size', async () => {
  await publish();
  const file = join(layout.artifact('k'), 'list.txt');
  truncateSync(file, 1);
  expect(readArtifact(layout, 'k')).toBeNull();
  writeFileSync(file, 'two');
  expect(readArtifact(layout, 'k')).not.toBeNull();
  rmSync(file);
  expect(readArtifact(layout, 'k')).toBeNull();
});

test('replaces a damaged one, and clears away what a late writer left', async () => {
  await publish();
  mkdirSync(layout.staging('k'), { recursive: true });
  writeFileSync(join(layout.staging('k'), 'list.txt'), 'again');
  await publish();
  expect(readFileSync(join(layout.artifact('k'), 'list.txt'), 'utf8')).toBe('again');
  mkdirSync(layout.staging('k'));
  removeLeftovers(layout, 'k');
  expect(existsSync(layout.staging('k'))).toBe(false);
});

test('of a file above 64 MiB the bytes count where it was changed after the manifest was written, or all are asked for', async () => {
  const file = join(layout.staging('k'), 'large.bin');
  writeFileSync(file, 'large');
  truncateSync(file, 64 * 1024 * 1024 + 1);
  await publish();
  const path = join(layout.artifact('k'), 'large.bin');
  const { atime, mtime } = statSync(path);
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, 'LARGE', 0);
  closeSync(descriptor);
  const changed = [{ path: 'large.bin', problem: 'has other bytes' }];
  expect(damageOf(layout, 'k', 'reuse')).toEqual(changed);
  utimesSync(path, atime, mtime);
  expect(damageOf(layout, 'k', 'reuse')).toEqual([]);
  expect(damageOf(layout, 'k', 'all')).toEqual(changed);
});

test('what nobody reads does no harm: hidden files, and what a killed writer left', async () => {
  await publish();
  for (const name of ['.DS_Store', 'images/.1.png', 'Thumbs.db', 'part.json.1234.tmp'])
    writeFileSync(join(layout.artifact('k'), name), 'nothing');
  expect(damageOf(layout, 'k', 'all')).toEqual([]);
  writeFileSync(join(layout.artifact('k'), 'images/2.png'), 'another');
  expect(damageOf(layout, 'k', 'sizes')).toEqual([{ path: 'images/2.png', problem: 'does not belong here' }]);
});

test('a manifest that was cut off, emptied or belongs to another is none, whatever it holds', async () => {
  await publish();
  const path = join(layout.artifact('k'), 'manifest.json');
  const text = readFileSync(path, 'utf8');
  for (const other of [
    '',
    'null',
    '[]',
    '{}',
    text.slice(0, 40),
    text.replace('"k"', '"j"'),
    '{"key":"k","files":[{}]}',
  ]) {
    writeFileSync(path, other);
    expect(readArtifact(layout, 'k')).toBeNull();
  }
  // The same with the files left out; the tracker knows better.
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(text) as object), files: [] }));
  rmSync(join(layout.artifact('k'), 'images'), { recursive: true });
  rmSync(join(layout.artifact('k'), 'list.txt'));
  const recorded = (JSON.parse(text) as { files: { path: string; bytes: number; sha256: string }[] }).files;
  expect(damageOf(layout, 'k', 'sizes', recorded).map(({ problem }) => problem)).toEqual([
    'lists other files than were recorded',
    'is missing',
    'is missing',
  ]);
});

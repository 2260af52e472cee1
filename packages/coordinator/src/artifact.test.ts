import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '@calm-orch/core';
import { publishArtifact, readArtifact, removeLeftovers } from './artifact.ts';
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

// METEOR's and WordNet's folders where a clone without LFS left pointers, or pages were saved.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mistakenContents } from '../../../../core/src/files/mistaken-file.test-util.ts';
import { readParaphrases } from './paraphrases.ts';
import { readMeteorResources } from './resources.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-mistaken-'));
  mkdirSync(join(dir, 'data'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(mistakenContents)('%s is told as that', (_what, content, remedy) => {
  test.each([
    ['meteor-1.5.jar', () => readMeteorResources({ meteorDir: dir })],
    ['data/paraphrase-en.gz', () => readParaphrases(join(dir, 'data/paraphrase-en.gz'), [['a']])],
    ['index.noun', () => readMeteorResources({ wordNetDir: dir })],
  ] as const)('in place of %s', async (name, read) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    await expect(read()).rejects.toThrow(remedy);
    rmSync(path);
  });
});

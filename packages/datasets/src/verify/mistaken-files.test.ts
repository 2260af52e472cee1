// What a clone without LFS, or a saved page, leaves in place of a dataset's files.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetNames, walkFolder, type DatasetRoots } from '@calm-orch/core';
import { readDataFile } from '@calm-orch/core/config';
import { loadImage } from '../images/images.ts';
import { makeDatasets } from '../make/make.ts';
import { loadMask } from '../images/masks.ts';
import { verifyDatasets } from './verify.ts';

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
const page = '<!DOCTYPE html>\n<html lang="en"><head><title>AVA.txt</title></head></html>\n';
const remedies = [
  [pointer, /: it is a Git LFS pointer, not the file itself; run `git lfs pull` where it was cloned/],
  [page, /: it is a web page \(HTML\); download the file itself, not its page/],
  [`\ufeff\n<html>${page}`, /web page/],
] as const;

let dir: string;
let roots: DatasetRoots;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-mistaken-'));
  roots = readDataFile(await makeDatasets({ dir, numTrain: 20 }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Files that `verify` opens only where another is missing, or only looks at. */
const notRead = new Set(['landscape_train.jpgl', 'landscape_test.jpgl', 'styles.txt']);

describe.each(datasetNames)('a label file of %s that is a pointer or a page', (dataset) => {
  it('is told as that, in one sentence with the remedy, whichever file it is', async () => {
    const labels = walkFolder(roots[dataset]!).files.filter(({ name }) => !/\.(jpe?g|png)$/i.test(name));
    const told = new Set<string>();
    for (const { path } of labels.filter(({ name }) => !notRead.has(basename(name)))) {
      const whole = readFileSync(path);
      for (const [content, remedy] of remedies) {
        writeFileSync(path, content);
        const [report] = await verifyDatasets(roots, { only: dataset });
        // A list that serves nothing here is not read.
        if (report!.status !== 'ok') {
          expect(report!.reason).toMatch(remedy);
          expect(report!.reason!.split('\n')).toHaveLength(1);
          told.add(path);
        }
      }
      writeFileSync(path, whole);
    }
    if (dataset !== 'Pexels') expect(told.size).toBeGreaterThan(0);
  });
});

it('an image or a mask that is a pointer or a page is told as that', async () => {
  for (const name of ['x.jpg', 'x.png', 'x.webp', 'x.tif']) {
    const path = join(dir, name);
    for (const [content, remedy] of remedies) {
      writeFileSync(path, content);
      await expect(loadImage(path)).rejects.toThrow(remedy);
      await expect(loadMask(path, { width: 4, height: 4 })).rejects.toThrow(remedy);
    }
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataItems, nano, type DataConfig } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { evaluatedComments, evaluatedPhotos, labeledPhotos, labeledSlice } from '../catalog/read.ts';
import { everything } from '../text/line-lists.ts';
import { useTestFolders } from '../test-folder.test-util.ts';
import { writeStudioImages } from './write-images.ts';
import { writeStudioList } from './write-lists.ts';

const freshFolder = useTestFolders();
const data: DataConfig = { ...nano.data, imageSize: 16, numTrain: 30, numTest: 10, numVal: 12 };

async function artifact(part: 'labeled' | 'validation', config = data): Promise<string> {
  const outputDir = freshFolder();
  await writeStudioList({ part, data: config, outputDir });
  for (const item of dataItems(config, part)) await writeStudioImages({ data: config, item, outputDir });
  return outputDir;
}

describe('the studio’s validation split', () => {
  it('is photographs that are neither of training nor of the test, by id and by pixels', async () => {
    const [labeled, validation] = [await artifact('labeled'), await artifact('validation')];
    const { train, test } = labeledPhotos(labeled);
    const val = evaluatedPhotos({ data: labeled, validation }, 'val');
    expect([train.length, test.length, val.length]).toEqual([30, 10, 12]);
    const all = [...train, ...test, ...val];
    expect(new Set(all.map(({ id }) => id)).size).toBe(52);
    expect(new Set(all.map(({ path }) => readFileSync(path, 'base64'))).size).toBe(52);
    expect(labeledSlice(validation, everything).map(({ id }) => id)).toEqual(val.map(({ id }) => id));
    expect(evaluatedComments({ data: labeled, validation }, 'val').map(({ captions }) => captions.length)).toEqual(
      val.map(() => 5),
    );
    expect(evaluatedPhotos({ data: labeled }, 'test')).toEqual(test);
  });

  it('is the same whatever there is of training and test, and begins the same however many it has', async () => {
    const [some, more] = [
      await artifact('validation'),
      await artifact('validation', { ...data, numTrain: 9, numVal: 14 }),
    ];
    const [first, longer] = [some, more].map((validation) => evaluatedPhotos({ validation }, 'val'));
    const bytes = (photos = first!) =>
      photos.map(({ id, meanScore, path }) => [id, meanScore, readFileSync(path, 'base64')]);
    expect(longer).toHaveLength(14);
    expect(bytes(longer!.slice(0, 12))).toEqual(bytes());
    const traits = readFileSync(join(some, 'studio/traits.csv'), 'utf8').trimEnd().split('\n');
    expect(traits).toHaveLength(1 + 12);
  });
});

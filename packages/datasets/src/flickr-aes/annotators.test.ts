import { mkdirSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputUseText, type InputUse } from '@calm-orch/core';
import { encodeJpeg } from '../studio/write-images.ts';
import { useTestFolders } from '../test-folder.test-util.ts';
import { listFlickrAes, personalPhotos, readAnnotators, type ListFlickrAesOptions } from './annotators.ts';
import { flickrAesFiles, writeFlickrAes, type FlickrAesRating } from './rows.ts';

const freshFolder = useTestFolders();
const rate = (worker: string, image: string, score: number): FlickrAesRating => ({ worker, image, score });

/** Worker T rated 1 to 3, A rated 3 to 6; 5 does not decode, 6 is not there. */
async function dataset(): Promise<string> {
  const dir = freshFolder();
  mkdirSync(join(dir, flickrAesFiles.images));
  const jpeg = await encodeJpeg(new Uint8Array(32 * 32 * 3).fill(90), 32);
  for (const n of [1, 2, 3, 4]) writeFileSync(join(dir, flickrAesFiles.images, `${n}.jpg`), jpeg);
  writeFileSync(join(dir, flickrAesFiles.images, '5.jpg'), jpeg.subarray(0, 40));
  const ratings = [
    ...[1, 2, 3].map((n) => rate('T', `${n}.jpg`, n)),
    ...[3, 4, 5, 6].map((n) => rate('A', `${n}.jpg`, 2)),
  ];
  writeFlickrAes(dir, { ratings, scores: new Map() });
  return dir;
}
const limits: ListFlickrAesOptions['personal'] = { testWorkers: ['T'], maxAnnotators: null, maxRatings: null };
const list = async (root: string, personal: Partial<typeof limits> = {}, item = 0) => {
  const outputDir = freshFolder();
  const counts = await listFlickrAes({ root, seed: 1, personal: { ...limits, ...personal }, item, outputDir });
  return { outputDir, ...counts };
};

describe('the annotators of a FLICKR-AES on this machine', () => {
  it('keep the ratings of photographs that decode where they are, and the others are told with reasons', async () => {
    const root = await dataset();
    const { outputDir, kept, dropped } = await list(root);
    expect([kept, dropped]).toEqual([4, 1]);
    expect(readAnnotators(outputDir)).toEqual({
      test: [{ worker: 'T', ratings: [1, 2, 3].map((n) => rate('T', `${n}.jpg`, n)) }],
      train: [{ worker: 'A', ratings: [rate('A', '4.jpg', 2)] }],
    });
    expect(personalPhotos(outputDir)).toEqual(
      [1, 2, 3, 4].map((n) => ({ id: `${n}.jpg`, path: join(root, flickrAesFiles.images, `${n}.jpg`) })),
    );
    const catalog = (name: string): unknown => JSON.parse(readFileSync(join(outputDir, 'catalog', name), 'utf8'));
    expect((catalog('use-personal.json') as InputUse[]).map(inputUseText)).toEqual([
      'FLICKR-AES: 5 of 7 ratings are used; left out: 1 without an image (6.jpg), 1 of a test image by a train worker (A 3.jpg)',
    ]);
    expect(catalog('dropped-personal-0.json')).toEqual([
      { path: join(root, flickrAesFiles.images, '5.jpg'), reason: expect.any(String) as string },
    ]);
    expect((catalog('notes-personal.json') as string[]).join()).toContain('published are 37 with 4737');
  });

  it('are no more than asked for, the same again', async () => {
    const root = await dataset();
    const { outputDir } = await list(root, { maxRatings: 2 });
    const { test } = readAnnotators(outputDir);
    expect(test[0]!.ratings).toHaveLength(2);
    expect(readAnnotators((await list(root, { maxRatings: 2 })).outputDir).test).toEqual(test);
  });

  it('of the validation split are training annotators, whose photographs the others train without', async () => {
    const root = await dataset();
    const others = ['B', 'C'].flatMap((worker) => [1, 2, 4].map((n) => rate(worker, `${n}.jpg`, 3)));
    writeFlickrAes(root, { ratings: [rate('T', '3.jpg', 1), ...others, rate('A', '4.jpg', 2)], scores: new Map() });
    const outputDir = freshFolder();
    await listFlickrAes({ root, seed: 1, personal: limits, split: 'val', item: 0, outputDir });
    const { train, test } = readAnnotators(outputDir);
    expect([...train, ...test].map(({ worker }) => worker).sort()).toEqual(['A', 'B', 'C']);
    expect(test).toHaveLength(1);
    const held = new Set(test[0]!.ratings.map(({ image }) => image));
    expect(held.size).toBeGreaterThan(0);
    expect(train.flatMap(({ ratings }) => ratings).filter(({ image }) => held.has(image))).toEqual([]);
    expect(readFileSync(join(outputDir, 'catalog/notes-personal.json'), 'utf8')).toContain(
      '1 of 3 training annotators',
    );
  });

  it('end with the last photographs: items beyond find none', async () => {
    expect(await list(await dataset(), {}, 1)).toMatchObject({ kept: 0, dropped: 0 });
  });
});

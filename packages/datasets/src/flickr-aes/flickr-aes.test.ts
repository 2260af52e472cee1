import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { readFlickrAes } from './read.ts';
import { flickrAesFiles, readFlickrAesRatings, readFlickrAesScores, writeFlickrAes } from './rows.ts';

const freshFolder = useTestFolders();
const rate = (worker: string, image: string, score: number) => ({ worker, image, score });
const ratings = [rate('A', '1.jpg', 5), rate('B', '1.jpg', 2), rate('A', '2.jpg', 1), rate('B', '3.jpg', 4)];
const more = [rate('B', '9.jpg', 4), rate('B', '3.jpg', 1), rate('B', '4.jpg', 3)];

function folderWith(rows: typeof ratings): string {
  const dir = freshFolder();
  mkdirSync(join(dir, flickrAesFiles.images));
  for (const n of [1, 2, 3, 4]) writeFileSync(join(dir, flickrAesFiles.images, `${n}.jpg`), '');
  writeFlickrAes(dir, { ratings: rows, scores: new Map([['1.jpg', 0.5]]) });
  return dir;
}

describe('FLICKR-AES', () => {
  it('reads what it writes, with the spaces of the real files', () => {
    const dir = folderWith(ratings);
    expect(readFlickrAesRatings(dir)).toEqual(ratings);
    expect([...readFlickrAesScores(dir)]).toEqual([['1.jpg', 0.5]]);
    expect(readFileSync(join(dir, flickrAesFiles.ratings), 'utf8')).toMatch(
      /^worker, imagePair, score\nA, 1\.jpg, 5\n/,
    );
    expect(readFileSync(join(dir, flickrAesFiles.scores), 'utf8')).toBe(' 1.jpg 0.5\n');
  });

  it.each([{ testImages: [2, 2] as const }, { testWorkers: ['A'] }])(
    'splits annotators without overlap: %j',
    (split) => {
      const { train, test, counts, warnings } = readFlickrAes(folderWith([...ratings, ...more]), split);
      expect(test).toEqual([{ worker: 'A', ratings: [ratings[0], ratings[2]] }]);
      expect(train).toEqual([{ worker: 'B', ratings: [ratings[3], more[2]] }]);
      expect(counts).toEqual({
        ratings: 7,
        repeatedRatings: 1,
        ratingsWithoutImage: 1,
        trainRatingsOfTestImages: 1,
        testImages: 2,
      });
      expect(warnings[0]).toContain('1 test workers with 2 images, published are 37 with 4737');
    },
  );

  it('names file and line of a bad row, and an unknown test worker', () => {
    const dir = folderWith([rate('A', '1.jpg', 6)]);
    expect(() => readFlickrAesRatings(dir)).toThrow(/worker\.csv:2: expected a score 1\.\.5, got '6'/);
    expect(() => readFlickrAes(folderWith(ratings), { testWorkers: ['Z'] })).toThrow(/test worker 'Z'/);
    writeFileSync(join(dir, flickrAesFiles.ratings), '');
    expect(() => readFlickrAesRatings(dir)).toThrow(/expected the header/);
  });
});

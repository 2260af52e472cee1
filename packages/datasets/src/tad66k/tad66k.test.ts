import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { readTad66k, tad66kFiles } from './read.ts';
import { writeTad66k } from './write.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');

describe('TAD66K', () => {
  it('takes the split from merge and the theme from unmerge where they disagree', () => {
    const dir = freshFolder();
    writeTad66k(dir, [
      { image: '1@N00_a.jpg', score: 5.4, theme: 'sky', split: 'train' },
      { image: '2@N00_b.jpg', score: 3, theme: 'cars', split: 'train', unmergedSplit: 'test' },
      { image: '3@N00_c.jpg', score: 9.46, theme: 'sky', split: 'test' },
    ]);
    mkdirSync(join(dir, tad66kFiles.images));
    writeFileSync(join(dir, tad66kFiles.images, '2@N00_b.jpg'), jpegHead);
    writeFileSync(join(dir, tad66kFiles.images, '3@N00_c.jpg'), jpegHead.subarray(0, 5));
    expect(readFileSync(join(dir, 'merge/train.csv'), 'utf8')).toBe(
      'image,score\r\n1@N00_a.jpg,5.4\r\n2@N00_b.jpg,3\r\n',
    );
    const { photos, counts } = readTad66k(dir);
    expect(photos).toMatchObject([{ name: '2@N00_b.jpg', split: 'train', theme: 'cars', score: 3 }]);
    expect(counts).toEqual({
      photographs: 3,
      missingImages: 1,
      unreadableImages: 1,
      train: 2,
      test: 1,
      themes: 2,
      splitDisagreements: 1,
    });
  });

  it('names file and line of a bad row and of an image in both splits', () => {
    const dir = freshFolder();
    writeTad66k(dir, [{ image: 'a.jpg', score: 11, theme: 'sky', split: 'train' }]);
    expect(() => readTad66k(dir)).toThrow(`${join(dir, 'merge/train.csv')}:2: expected score from 0 to 10, got 11`);
    for (const score of ['0x5', '0b1', 'Infinity', 'e'] as unknown as number[]) {
      writeTad66k(dir, [{ image: 'a.jpg', score, theme: 'sky', split: 'train' }]);
      expect(() => readTad66k(dir)).toThrow(`:2: expected a number as score, got '${score}'`);
    }
    const twice = { image: 'a.jpg', score: 1, theme: 'sky' };
    writeTad66k(dir, [
      { ...twice, split: 'train' },
      { ...twice, split: 'test' },
    ]);
    expect(() => readTad66k(dir)).toThrow(/:2: expected each image once, got 'a\.jpg' again/);
    expect(() => readTad66k(freshFolder())).toThrow(/TAD66K: no file .*merge\/train\.csv/);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { aadbAttributes, aadbFiles, readAadb, type AadbAttribute } from './read.ts';
import { writeAadb, type AadbRecord } from './write.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const attributes = Object.fromEntries(aadbAttributes.map((name, i) => [name, i / 10 - 0.5]));
const record = (name: string, split: AadbRecord['split'], score: number): AadbRecord => ({
  name,
  split,
  score,
  attributes: attributes as Record<AadbAttribute, number>,
});
const records = [
  record('farm1_2_a.jpg', 'train', 0.25),
  record('farm1_2_b.jpg', 'test', 0.75),
  record('c.jpg', 'validation', 1),
];

describe('AADB', () => {
  it('reads the lists, their misspelt name among them, and images of either folder', () => {
    const dir = freshFolder();
    writeAadb(dir, records);
    mkdirSync(join(dir, 'datasetImages_warp256'));
    for (const { name } of records) writeFileSync(join(dir, 'datasetImages_warp256', name), jpegHead);
    expect(readFileSync(join(dir, aadbFiles.lists, 'imgListTestNewRegression_BalacingElements.txt'), 'utf8')).toBe(
      'farm1_2_b.jpg -0.5\n',
    );
    const { photos, counts, warnings } = readAadb(dir);
    expect(photos.map(({ name, split, score }) => [name, split, score])).toEqual([
      ['farm1_2_a.jpg', 'train', 0.25],
      ['c.jpg', 'validation', 1],
      ['farm1_2_b.jpg', 'test', 0.75],
    ]);
    expect(photos[0]!.attributes).toEqual(attributes);
    expect(counts).toMatchObject({ photographs: 3, train: 1, validation: 1, test: 1 });
    expect(warnings).toEqual([]);
  });

  it('takes nested lists', () => {
    const dir = freshFolder();
    writeAadb(join(dir, aadbFiles.lists), records);
    expect(readAadb(dir).counts).toMatchObject({ train: 1, validation: 1, test: 1 });
  });

  it('names file and line of a bad rating', () => {
    const dir = freshFolder();
    writeAadb(dir, records);
    const path = join(dir, aadbFiles.lists, 'imgListTrainRegression_score.txt');
    writeFileSync(path, 'a.jpg 0.5\r\nb.jpg five\r\n');
    expect(() => readAadb(dir)).toThrow(`${path}:2: expected a number as rating, got 'five'`);
    writeFileSync(path, 'a.jpg');
    expect(() => readAadb(dir)).toThrow(`${path}:1: expected a file name and a number`);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { matFileOfCells, readMatFile } from './mat-file.ts';
import { aadbAttributes, aadbFiles, readAadb, readAttMat, type AadbAttribute } from './read.ts';
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
    expect(readAttMat(join(dir, aadbFiles.matrices)).test).toEqual([[0.75, ...Object.values(attributes)]]);
  });

  it('takes nested lists, and warns where attMat.mat has other rows', () => {
    const dir = freshFolder();
    writeAadb(join(dir, aadbFiles.lists), records);
    const matrix = [Array.from({ length: 12 }, () => 0)];
    writeFileSync(
      join(dir, aadbFiles.lists, aadbFiles.matrices),
      matFileOfCells('dataset', [[...matrix, ...matrix], matrix, matrix]),
    );
    expect(readAadb(dir).warnings).toEqual([]);
    writeFileSync(join(dir, aadbFiles.matrices), matFileOfCells('dataset', [[...matrix, ...matrix], matrix, matrix]));
    expect(readAadb(dir).warnings).toEqual(['AADB: attMat.mat has 2 rows of train, the lists have 1']);
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

describe('MAT-files', () => {
  const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url).pathname;

  it.each(['att-mat-compressed.mat', 'att-mat-plain.mat'])('reads what SciPy wrote: %s', (name) => {
    const { train, test, validation } = readAttMat(fixture(name));
    expect([train.length, test.length, validation.length]).toEqual([3, 2, 1]);
    // Row i, column j of the k-th array is k + i / 10 + j / 100.
    expect(train[2]![11]).toBeCloseTo(0.31, 12);
    expect(test[1]![3]).toBeCloseTo(1.13, 12);
    expect(validation[0]![0]).toBe(2);
  });

  it('reads over classes it does not know, and narrow integers as numbers', () => {
    const variables = readMatFile(fixture('mixed.mat'));
    expect(variables.get('text')).toMatchObject({ kind: 'other' });
    expect(variables.get('small')).toEqual({ kind: 'numeric', dims: [1, 3], values: Float64Array.of(1, 2, 255) });
  });

  it('names file and byte of what is broken', () => {
    const path = join(freshFolder(), 'attMat.mat');
    writeFileSync(path, 'no MAT-file');
    expect(() => readMatFile(path)).toThrow(`${path}:1: expected a MATLAB 5 MAT-file`);
    const whole = matFileOfCells('dataset', [[[1]]]);
    writeFileSync(path, whole.subarray(0, whole.length - 4));
    expect(() => readMatFile(path)).toThrow(`${path}:1: byte 128: expected at most`);
    writeFileSync(path, matFileOfCells('other', [[[1]]]));
    expect(() => readAttMat(path)).toThrow("expected a variable 'dataset' with three cells");
  });
});

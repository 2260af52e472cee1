import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { readAva } from './read.ts';
import { formatAvaRow, readAvaRows, readIdList, type AvaRow } from './rows.ts';
import { writeAvaTexts } from './write.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const votes = [0, 1, 5, 17, 38, 36, 15, 6, 5, 1];
const row = (index: number, id: number): AvaRow => ({ index, id, votes, tags: [1, 22], challenge: 1396 });

describe('AVA', () => {
  let dir: string;
  beforeEach(() => {
    dir = freshFolder();
    mkdirSync(join(dir, 'images'));
  });

  const write = (ids: readonly number[], testIds: readonly number[]): void =>
    writeAvaTexts(dir, {
      rows: ids.map((id, i) => row(i + 1, id)),
      testIds,
      trainIds: ids.filter((id) => !testIds.includes(id)),
      tags: { 1: 'Sky', 22: 'Abstract' },
      challenges: { 1396: '100_Meters' },
    });

  it('writes the first row of the real file as it stands there', () => {
    expect(formatAvaRow(row(1, 953619))).toBe('1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396');
  });

  it('reads what it wrote, splits by the test list and averages c1..c10 alone', () => {
    write([10, 11, 12], [11]);
    for (const id of [10, 11, 12]) writeFileSync(join(dir, 'images', `${id}.jpg`), jpegHead);
    const { train, test, counts } = readAva(dir);
    expect(train.map(({ id }) => id)).toEqual([10, 12]);
    expect(test.map(({ id }) => id)).toEqual([11]);
    expect(test[0]!.meanScore).toBeCloseTo(5.6371, 4);
    expect(test[0]!.votes).toEqual(votes);
    expect(counts).toMatchObject({ labeled: 3, testListed: 1, testWithoutLabel: 0, train: 2, test: 1 });
    expect(readIdList(join(dir, 'aesthetics_image_lists/generic_ls_train.jpgl'))).toEqual([10, 12]);
  });

  it('counts test ids without labels, missing images and empty ones, and leaves them out', () => {
    write([10, 11, 12, 13], [11, 99]);
    writeFileSync(join(dir, 'images', '10.jpg'), jpegHead);
    writeFileSync(join(dir, 'images', '11.jpg'), jpegHead);
    writeFileSync(join(dir, 'images', '12.jpg'), '');
    const { train, counts } = readAva(dir);
    expect(train.map(({ id }) => id)).toEqual([10]);
    expect(counts).toMatchObject({ testWithoutLabel: 1, missingImages: 1, unreadableImages: 1 });
  });

  it.each([
    ['1 953619 0 1 5 17 38 36 15 6 5 1', 'expected 15 space-separated integers, got 12 columns'],
    ['1 953619 0 1 5 x 38 36 15 6 5 1 1 22 1396', "expected non-negative integers, got 'x'"],
    ['1 953619 0 0 0 0 0 0 0 0 0 0 1 22 1396', 'expected at least one vote'],
    [formatAvaRow(row(2, 7)), 'expected each image id once, got image id 7 again'],
  ])('names file and line of a bad row: %s', (line, message) => {
    const path = join(dir, 'AVA.txt');
    writeFileSync(path, `${formatAvaRow(row(1, 7))}\r\n${line}\r\n`);
    expect(() => [...readAvaRows(path)]).toThrow(`${path}:2: ${message}`);
  });

  it('says which folder or file is missing', () => {
    expect(() => readAva(join(dir, 'nowhere'))).toThrow('has none of images, ava_images, image');
    expect(() => readAva(dir)).toThrow(/no file .*AVA\.txt/);
  });
});

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { hashedName, pexelsImages, readPexels, writePexels } from './read.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');

describe('Pexels', () => {
  it('finds photographs flat and below folders named by the hash of their names', () => {
    const dir = freshFolder();
    const names = { train: ['flat-1.jpeg', 'hashed-2.jpeg'], validation: ['none-3.jpeg'], test: [] };
    writePexels(dir, names);
    const digits = createHash('sha256').update('hashed-2.jpeg').digest('hex');
    expect(hashedName('hashed-2.jpeg')).toBe(`${digits[0]}/${digits[1]}/${digits[2]}/hashed-2.jpeg`);
    for (const name of ['flat-1.jpeg', hashedName('hashed-2.jpeg')]) {
      mkdirSync(dirname(join(dir, pexelsImages, name)), { recursive: true });
      writeFileSync(join(dir, pexelsImages, name), jpegHead);
    }
    const { photos, counts } = readPexels(dir);
    expect(photos.map(({ name, score }) => [name, score])).toEqual([
      ['flat-1.jpeg', null],
      ['hashed-2.jpeg', null],
    ]);
    expect(counts).toMatchObject({ photographs: 3, missingImages: 1, train: 2, validation: 1, test: 0 });
  });

  it('refuses names that lead out of the folder', () => {
    const dir = freshFolder();
    writePexels(dir, { train: ['../../etc/passwd'], validation: [], test: [] });
    expect(() => readPexels(dir)).toThrow(
      `${join(dir, 'train_set.txt')}:1: expected a file name below the image folder`,
    );
  });
});

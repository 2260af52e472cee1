import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { icaa17kFiles, readIcaa17k, writeIcaa17k } from './read.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');

describe('ICAA17K', () => {
  it('reads both splits; the image tree mirrors the ids', () => {
    const dir = freshFolder();
    const ids = ['complementary/red_green/a.jpg', 'monochromatic/blue/b.jpg'] as const;
    writeIcaa17k(dir, [
      { id: ids[0], color: 8.5, mos: 7.25, probability: 0.9, split: 'train' },
      { id: ids[1], color: 3, mos: 0.83, probability: 0.47, split: 'test' },
    ]);
    mkdirSync(dirname(join(dir, icaa17kFiles.images, ids[0])), { recursive: true });
    writeFileSync(join(dir, icaa17kFiles.images, ids[0]), jpegHead);
    const { photos, counts } = readIcaa17k(dir);
    expect(photos).toMatchObject([
      {
        name: ids[0],
        split: 'train',
        score: 7.25,
        scheme: 'complementary',
        attributes: { color: 8.5, probability: 0.9 },
      },
    ]);
    expect(counts).toMatchObject({ photographs: 2, missingImages: 1, train: 1, test: 1, inNoSplit: 0 });
  });

  it('names file and line of an id that is no path of the tree', () => {
    const dir = freshFolder();
    writeIcaa17k(dir, [{ id: 'triadic/a/b.jpg', color: 1, mos: 1, probability: 0.5, split: 'train' }]);
    expect(() => readIcaa17k(dir)).toThrow(`${join(dir, '1train.csv')}:2: expected an ID 'complementary|monochromatic`);
  });
});

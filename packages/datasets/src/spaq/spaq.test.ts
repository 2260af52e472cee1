import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { readSpaq, spaqFiles, writeSpaq } from './read.ts';
import { readSheet, sheetFile } from './sheet.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const scenes = [0.6, 0, 0, 0, 0.4, 0, 0, 0, 0];
const records = [
  { name: '00001.jpg', mos: 50.5, attributes: [10, 20, 30, 40, 50], scenes },
  { name: '00002.jpg', mos: 96, attributes: [1, 2, 3, 4, 5], scenes: scenes.map((weight) => weight / 2) },
];

describe('SPAQ', () => {
  it('joins the sheets; EXIF brightness is not the brightness people judged', async () => {
    const dir = freshFolder();
    writeSpaq(dir, records);
    mkdirSync(join(dir, spaqFiles.images));
    writeFileSync(join(dir, spaqFiles.images, '00001.jpg'), jpegHead);
    writeFileSync(join(dir, spaqFiles.images, '00002.png'), jpegHead);
    const { photos, counts, warnings } = await readSpaq(dir);
    expect(photos[1]).toMatchObject({
      name: '00002.jpg',
      path: join(dir, spaqFiles.images, '00002.png'),
      score: 96,
      attributes: { Brightness: 1, Sharpness: 5 },
      exif: { 'exif.Brightness': 3.5, 'exif.Time': '2018:10:0', 'exif.Time 2': '12:0' },
    });
    expect(photos[0]!.exif).not.toHaveProperty(['exif.Brightness']);
    expect(photos[0]!.scenes).toMatchObject({ Animal: 0.6, Landscape: 0.4, Others: 0 });
    expect(counts).toMatchObject({ photographs: 2, missingImages: 0, withScenes: 2, withExif: 2 });
    expect(warnings).toEqual(['SPAQ: the scene weights of 1 images do not sum to 1']);
  });

  it('reads what openpyxl wrote, with strings in a shared table', async () => {
    const path = new URL('../../fixtures/spaq-scores.xlsx', import.meta.url).pathname;
    const rows = await readSheet(path, 'SPAQ', ['Image name', 'MOS']);
    expect(rows.map(({ cells, line }) => [line, cells['Image name'], cells['MOS'], cells['Sharpness']])).toEqual([
      [2, '00001.jpg', 56.62, 61.5],
      [3, '00002.jpg', 2, null],
    ]);
  });

  it('writes equal tables as equal bytes', () => {
    expect(Buffer.from(sheetFile([['a', 1]]))).toEqual(Buffer.from(sheetFile([['a', 1]])));
  });

  it('names file and row of a bad cell, a missing column and a broken archive', async () => {
    const dir = freshFolder();
    writeSpaq(dir, [{ ...records[0]!, mos: 101 }]);
    const path = join(dir, spaqFiles.labels, spaqFiles.scores);
    await expect(readSpaq(dir)).rejects.toThrow(`${path}:2: expected MOS from 0 to 100, got 101`);
    writeFileSync(path, sheetFile([['Image name', 'MOS & <more>']]));
    await expect(readSpaq(dir)).rejects.toThrow(
      `${path}:1: expected a header with 'MOS', got 'Image name,MOS & <more>'`,
    );
    writeSpaq(dir, records);
    writeFileSync(path, readFileSync(path).subarray(0, 300));
    await expect(readSpaq(dir)).rejects.toThrow(`${path}:1: expected an .xlsx sheet`);
  });
});

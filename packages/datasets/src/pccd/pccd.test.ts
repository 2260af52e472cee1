import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { inputUseText, type InputUse } from '@calm-orch/core';
import { encodeJpeg } from '../studio/write-images.ts';
import { bestPccd, rankedPccdPhotos } from './best.ts';
import { pccdFiles, readPccd } from './read.ts';
import { writePccd, type PccdRecord } from './write.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const record = (title: string, scores: readonly string[]): PccdRecord => ({
  title,
  description: 'a street',
  category: 'Street',
  texts: { general_impression: 'good light', focus: null },
  scores,
});

function folderWith(records: readonly PccdRecord[]): string {
  const dir = freshFolder();
  mkdirSync(join(dir, pccdFiles.images), { recursive: true });
  for (const { title } of records) writeFileSync(join(dir, pccdFiles.images, title), jpegHead);
  writePccd(dir, records);
  return dir;
}

describe('PCCD', () => {
  it('reads scores from strings, malformed ones as none, null texts as empty', () => {
    const dir = folderWith([record('1-a.jpg', ['8', "'7.5'", '', 'n/a', '11', '9', '3'])]);
    const { photos, counts } = readPccd(dir);
    expect(photos[0]).toMatchObject({
      name: '1-a.jpg',
      score: (8 + 7.5 + 9 + 3) / 4,
      attributes: { general_impression: 8, subject_of_photo: 7.5, color_lighting: 9, focus: 3 },
      texts: { general_impression: 'good light', focus: '', composition: '' },
    });
    expect(counts).toEqual({ photographs: 1, missingImages: 0, unreadableImages: 0, malformedScores: 3 });
  });

  it('takes guru.json for raw.json, and rows whose scores are null', () => {
    const dir = freshFolder();
    writeFileSync(join(dir, 'guru.json'), '[{"title":"x.jpg","score":null}]');
    expect(readPccd(dir).counts).toMatchObject({ photographs: 1, missingImages: 1, malformedScores: 7 });
  });

  it('orders the best by mean score, ties by title', () => {
    const same = ['8', '8', '8', '8', '8', '8', '8'];
    const dir = folderWith([record('b', same), record('a', same), record('c', ['9']), record('d', [])]);
    expect(rankedPccdPhotos(readPccd(dir).photos).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
  });

  it('gives the best that decode, and says where there are fewer than asked for', async () => {
    const of = (title: string, score: string): PccdRecord => record(title, [score]);
    // The best does not decode; one has no score.
    const dir = folderWith([of('broken', '10'), of('1 a_b.jpg', '7'), of('c', '9'), record('d', [])]);
    const jpeg = await encodeJpeg(new Uint8Array(32 * 32 * 3).fill(90), 32);
    for (const title of ['1 a_b.jpg', 'c', 'd']) writeFileSync(join(dir, pccdFiles.images, title), jpeg);
    const outputDir = freshFolder();
    const titlesOf = async (count: number) => (await bestPccd(dir, count, outputDir)).map(({ photo }) => photo);
    expect(await titlesOf(1)).toEqual(['0001-c']);
    expect(await titlesOf(3)).toEqual(['0001-c', '0002-1_a_b.jpg']);
    const catalog = (name: string): unknown => JSON.parse(readFileSync(join(outputDir, 'catalog', name), 'utf8'));
    expect(catalog('notes-suggesting.json')).toEqual([
      'PCCD: suggestions are asked about 2 photographs, not 3: it has no more',
    ]);
    expect((catalog('use-suggesting.json') as InputUse[]).map(inputUseText).join()).toMatch(
      /^PCCD, to suggest about: 2 of 4 photographs are used; left out: 1 .*\(broken\), 1 without a score \(d\)$/,
    );
  });

  it('names file and line of a bad record, also of a title that leads out of the folder', () => {
    const dir = freshFolder();
    const path = join(dir, 'raw.json');
    const expectError = (json: string, message: string): void => {
      writeFileSync(path, json);
      expect(() => readPccd(dir)).toThrow(message);
    };
    expectError('[\n{"title":1}]', `${path}:2: expected a string "title", got 1`);
    expectError('[{"title":"a","score":"7"}]', `${path}:1: expected an array "score"`);
    expectError('[{"title":"a","focus":3}]', `${path}:1: expected text or null as "focus"`);
    expectError('[{"title":"../a"}]', `${path}:1: expected a file name below the image folder, got '../a'`);
    expectError('[{"title":"a"},\n{"title":"a"}]', `${path}:2: expected each title once, got 'a' again`);
  });
});

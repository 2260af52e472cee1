import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { rankedPccdPhotos } from './best.ts';
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

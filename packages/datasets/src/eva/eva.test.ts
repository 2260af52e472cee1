import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { evaFiles, readEva } from './read.ts';
import { writeEva, type EvaVote } from './write.ts';

const freshFolder = useTestFolders();
const jpegHead = Buffer.from('ffd8ffe000104a464946000101000001', 'hex');
const vote = (imageId: number, userId: number, score: number): EvaVote => ({
  imageId,
  userId,
  score,
  marks: [1, 2, 3, 4, 1],
});

function folderWith(images: string): string {
  const dir = freshFolder();
  writeEva(dir, [vote(10, 1, 4), vote(10, 2, 7), vote(11, 1, 0)], new Map([[10, 1], [11, 6], [12, 2]])); // prettier-ignore
  mkdirSync(join(dir, images), { recursive: true });
  return dir;
}

describe('EVA', () => {
  it("reads votes split at '=' and categories behind a BOM, and keeps photographs without votes", () => {
    const dir = folderWith(evaFiles.images);
    for (const id of [10, 11, 12]) writeFileSync(join(dir, evaFiles.images, `${id}.jpg`), jpegHead);
    expect(readFileSync(join(dir, evaFiles.votes), 'utf8')).toMatch(/^image_id=user_id=score=difficulty=visual=/);
    expect([...readFileSync(join(dir, evaFiles.categories)).subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x22]);
    const { photos, counts } = readEva(dir);
    expect(photos.map(({ avaId, score, category, numVotes }) => [avaId, score, category, numVotes])).toEqual([
      [10, 5.5, 1, 2],
      [11, 0, 6, 1],
      [12, null, 2, 0],
    ]);
    expect(photos[0]!.attributes).toEqual({ visual: 2, composition: 3, quality: 4, semantic: 1 });
    expect(counts).toMatchObject({ photographs: 3, votes: 3, voted: 2, categorized: 3, leaks: 0 });
  });

  it("drops photographs of AVA's test list and counts them", () => {
    const { counts } = readEva(folderWith(evaFiles.images), new Set([11, 99]));
    expect(counts).toMatchObject({ photographs: 2, leaks: 1 });
  });

  it('finds the images of the mirror by category', () => {
    const dir = folderWith('EVA_category/EVA_category/6');
    writeFileSync(join(dir, 'EVA_category/EVA_category/6/11.jpg'), jpegHead);
    expect(readEva(dir).photos.map(({ avaId }) => avaId)).toEqual([11]);
  });

  it('says how to join the parts of the archive', () => {
    const dir = folderWith('images');
    writeFileSync(join(dir, 'images/EVA_together.zip.001'), '');
    expect(() => readEva(dir)).toThrow(/cat EVA_together\.zip\.0\* > EVA_together\.zip && unzip/);
  });

  it('names file and line of a bad vote and a wrong delimiter', () => {
    const dir = folderWith(evaFiles.images);
    const path = join(dir, evaFiles.votes);
    const [header, first] = readFileSync(path, 'utf8').split('\n') as [string, string];
    writeFileSync(path, `${header}\n${first.replace('=4=', '=11=')}\n`);
    expect(() => readEva(dir)).toThrow(`${path}:2: expected score from 0 to 10, got 11`);
    writeFileSync(path, header.replaceAll('=', ','));
    expect(() => readEva(dir)).toThrow(`${path}:1: expected a header with 'image_id'`);
    writeFileSync(path, `${header}\n10=1=4\n`);
    expect(() => readEva(dir)).toThrow(`${path}:2: expected 13 cells, got 3`);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { avaCaptionsFile, readAvaCaptions, writeAvaCaptions } from './captions-file.ts';

const freshFolder = useTestFolders();
const ava = {
  train: [1, 2, 3].map((id) => ({ id, meanScore: 5, votes: [], path: '' })),
  test: [4].map((id) => ({ id, meanScore: 5, votes: [], path: '' })),
  testIds: new Set([4, 5]),
};

describe('AVA-Captions', () => {
  it('reads what it wrote', () => {
    const dir = freshFolder();
    writeAvaCaptions(dir, [
      { id: 1, split: 'train', captions: ['nice light .', 'he said "wow" , {really} [sic] .'] },
      { id: 4, split: 'test', captions: ['too dark .'] },
    ]);
    const { train, test, counts } = readAvaCaptions(join(dir, avaCaptionsFile), ava);
    expect(train).toEqual([{ id: 1, captions: ['nice light .', 'he said "wow" , {really} [sic] .'] }]);
    expect(test).toEqual([{ id: 4, captions: ['too dark .'] }]);
    expect(counts).toEqual({
      images: 2,
      captions: 3,
      leaks: 0,
      unknown: 0,
      withoutCaptions: 0,
      train: 1,
      val: 0,
      test: 1,
    });
  });

  it('leaves out and counts images without captions, and captions without words', () => {
    const dir = freshFolder();
    writeAvaCaptions(dir, [
      { id: 1, split: 'train', captions: ['', ' ', '...'] },
      { id: 2, split: 'train', captions: ['…', 'nice'] },
      { id: 3, split: 'test', captions: [] },
      { id: 4, split: 'test', captions: ['色', '!!'] },
    ]);
    const ava = { train: [{ id: 1 }, { id: 2 }], test: [{ id: 3 }, { id: 4 }], testIds: new Set([3, 4]) };
    const { train, test, counts } = readAvaCaptions(join(dir, avaCaptionsFile), ava);
    expect(train).toEqual([{ id: 2, captions: ['nice'] }]);
    expect(test).toEqual([{ id: 4, captions: ['色'] }]);
    expect(counts).toMatchObject({ images: 4, withoutCaptions: 2, unknown: 0, train: 1, test: 1 });
  });

  it('keeps AVA’s test images out of training and counts them and unknown ones', () => {
    const dir = freshFolder();
    writeAvaCaptions(dir, [
      { id: 4, split: 'train', captions: ['a leak .'] },
      { id: 5, split: 'train', captions: ['a leak without a label .'] },
      { id: 77, split: 'train', captions: ['unknown .'] },
      { id: 2, split: 'val', captions: ['validation .'] },
    ]);
    const { train, test, counts } = readAvaCaptions(join(dir, avaCaptionsFile), ava);
    expect(train).toEqual([]);
    expect(test.map(({ id }) => id)).toEqual([2]);
    expect(counts).toMatchObject({ leaks: 2, unknown: 1 });
  });

  it('has as val what of training is in AVA’s validation split; what it tests on stays a test', () => {
    const dir = freshFolder();
    writeAvaCaptions(dir, [
      { id: 1, split: 'train', captions: ['nice light .'] },
      { id: 2, split: 'train', captions: ['for choosing .'] },
      { id: 3, split: 'test', captions: ['tested on .'] },
    ]);
    const split = { ...ava, train: [{ id: 1 }], val: [{ id: 2 }, { id: 3 }] };
    const { train, val, test, counts } = readAvaCaptions(join(dir, avaCaptionsFile), split);
    expect([train, val, test].map((photos) => photos.map(({ id }) => id))).toEqual([[1], [2], [3]]);
    expect(counts).toMatchObject({ train: 1, val: 1, test: 1, unknown: 0 });
  });

  it('takes lemmatised tokens as they come and never reads them', () => {
    const file = join(freshFolder(), 'captions.json');
    const sentence = { raw: 'Nice!', clean: 'nice !', tokens: [['nice', 'ADJ']] };
    const image = { filename: '1.jpg', imgid: 1, split: 'train', sentences: [sentence] };
    writeFileSync(file, JSON.stringify({ dataset: 'AVA', images: [image] }));
    expect(readAvaCaptions(file, ava).train).toEqual([{ id: 1, captions: ['nice !'] }]);
  });

  it('names file and line of a bad record', () => {
    const file = join(freshFolder(), 'captions.json');
    writeFileSync(file, '{"images":[\n{"imgid":1,"split":"train","sentences":[]},\n{"imgid":2,"split":"dev"}]}');
    expect(() => readAvaCaptions(file, ava)).toThrow(`${file}:3: expected "split" train, val or test, got "dev"`);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { absentTestIds } from './absent-test-ids.ts';
import { readAvaLabelFile } from './derived.ts';
import { readAvaLists, readAvaNames, readAvaStyles } from './lists.ts';
import { readAva } from './read.ts';

const freshFolder = useTestFolders();
const flags = '0 0 0 0 1 0 0 0 0 0 0 0 0 1';

function fileWith(name: string, text: string): string {
  const path = join(freshFolder(), name);
  writeFileSync(path, text);
  return path;
}

describe('the lists of AVA', () => {
  it('knows the 70 test ids that no label file has', () => {
    expect(absentTestIds.size).toBe(70);
    expect([...absentTestIds].every(Number.isSafeInteger)).toBe(true);
  });

  it('reads names in any order, with spaces and underscores', () => {
    expect([...readAvaNames(fileWith('tags.txt', '22 Abstract\n1 Still Life\n1396 100_Meters\n'))]).toEqual([
      [22, 'Abstract'],
      [1, 'Still Life'],
      [1396, '100_Meters'],
    ]);
    expect(() => readAvaNames(fileWith('tags.txt', '1 A\n1 B\n'))).toThrow(/tags\.txt:2: expected each id once/);
  });

  it('reads the lists that are there and pairs styles with their images', () => {
    const dir = freshFolder();
    const write = (name: string, text: string): void => {
      mkdirSync(join(dir, name, '..'), { recursive: true });
      writeFileSync(join(dir, name), text);
    };
    write('aesthetics_image_lists/floral_train.jpgl', '3\r\n4\r\n');
    expect([...readAvaLists(dir)]).toEqual([['floral_train', [3, 4]]]);
    expect(readAvaStyles(dir)).toBe(null);
    write('style_image_lists/train.jpgl', '7\n8\n');
    write('style_image_lists/train.lab', '1\n14\n');
    write('style_image_lists/test.jpgl', '9\n');
    write('style_image_lists/test.multilab', `${flags}\n`);
    const styles = readAvaStyles(dir)!;
    expect([...styles.train]).toEqual([[7, 1], [8, 14]]); // prettier-ignore
    expect(styles.test.get(9)!.flatMap((flag, i) => (flag ? [i] : []))).toEqual([4, 13]);
    write('style_image_lists/train.lab', '15\n1\n');
    expect(() => readAvaStyles(dir)).toThrow(/train\.lab:1: expected a style 1\.\.14, got '15'/);
    write('style_image_lists/train.lab', '1\n');
    expect(() => readAvaStyles(dir)).toThrow(/train\.lab:1: expected 2 labels, as train\.jpgl has ids, got 1/);
  });
});

describe('labels derived from AVA', () => {
  const votes = [0, 1, 5, 17, 38, 36, 15, 6, 5, 1];

  it.each([
    ['ava_labels_train.json', JSON.stringify([{ image_id: '953619', label: votes }]), votes],
    [
      'train.csv',
      `image_id,${[2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((k) => `score${k}`).join()},tag1,tag2,tag3\n953619,${votes.join()},1,22,1396\n`,
      votes,
    ],
    ['test_ava.json', '[{"image":"ava_images/953619.jpg","gt_score":5.64}]', []],
    [
      'meta_info_AVADataset.csv',
      `img_name,MOS,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,semantic_tag1,semantic_tag2,official split,ILGnet split\n953619.jpg,5.64,${votes.join()},1,22,0,0\n`,
      votes,
    ],
  ])('reads %s', (name, text, expected) => {
    const [label, ...rest] = readAvaLabelFile(fileWith(name, text));
    expect(rest).toEqual([]);
    expect(label).toMatchObject({ id: 953619, votes: expected });
    // TANet's score2 is c1: read one column off, the mean would be 6.64.
    expect(label!.meanScore).toBeCloseTo(5.637, 2);
  });

  it('serves where AVA.txt is missing', () => {
    const dir = freshFolder();
    mkdirSync(join(dir, 'ava_images'));
    mkdirSync(join(dir, 'aesthetics_image_lists'));
    writeFileSync(join(dir, 'aesthetics_image_lists/generic_test.jpgl'), '5\n11714\n');
    writeFileSync(join(dir, 'ava_images/4.jpg'), Buffer.from('ffd8ffe000104a464946000101000001', 'hex'));
    writeFileSync(
      join(dir, 'ava_labels_test.json'),
      JSON.stringify([4, 5].map((id) => ({ image_id: `${id}`, label: votes }))),
    );
    const { train, testIds, counts } = readAva(dir);
    expect(train.map(({ id }) => id)).toEqual([4]);
    expect([...testIds]).toEqual([5, 11714]);
    expect(counts).toMatchObject({ labeled: 2, testListed: 2, testWithoutLabel: 1, missingImages: 1 });
  });

  it('names file and line of labels that are none', () => {
    const path = fileWith('x.json', '[\n{"image_id":"1","label":[0,0,0,0,0,0,0,0,0,0]}]');
    expect(() => readAvaLabelFile(path)).toThrow(`${path}:2: expected ten vote counts, not all zero`);
  });
});

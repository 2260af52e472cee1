import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { useTestFolders } from '../test-folder.test-util.ts';
import { recordsOf } from './line-lists.ts';

const freshFolder = useTestFolders();

/** Files with the given numbers, a line each. */
function filesOf(...lists: readonly (readonly number[])[]): string[] {
  const dir = freshFolder();
  return lists.map((numbers, i) => {
    const path = join(dir, `${i}.jsonl`);
    writeFileSync(path, numbers.map((n) => `${n}\n`).join(''));
    return path;
  });
}

it('any slice of a list in several files, some of them empty, is the slice of the whole list', () => {
  const paths = filesOf([0, 1, 2], [], [3], [4, 5, 6, 7], []);
  const all = [...recordsOf<number>(paths, 'numbers')];
  expect(all).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (let first = 0; first < 10; first++)
    for (let count = 0; count < 10; count++)
      expect([...recordsOf(paths, 'numbers', { first, count })]).toEqual(all.slice(first, first + count));
});

it('files that a slice does not reach into are not parsed', () => {
  const [before, own, after] = filesOf([0, 1], [2, 3], [4, 5]) as [string, string, string];
  for (const path of [before, after]) writeFileSync(path, 'no\nJSON\n');
  expect([...recordsOf([before, own, after], 'numbers', { first: 2, count: 2 })]).toEqual([2, 3]);
  expect(() => [...recordsOf([before, own, after], 'numbers', { first: 1, count: 2 })]).toThrow(SyntaxError);
});

it('a file that was written anew is counted anew', () => {
  const [first, second] = filesOf([0, 1], [2]) as [string, string];
  const slice = { first: 2, count: 1 };
  expect([...recordsOf([first, second], 'numbers', slice)]).toEqual([2]);
  writeFileSync(first, '0\n1\n10\n');
  expect([...recordsOf([first, second], 'numbers', slice)]).toEqual([10]);
});

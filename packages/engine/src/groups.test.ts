import { expect, test } from 'vitest';
import { groupsOf } from './groups.ts';

const groups = (sizes: readonly number[]): number[][] => [...groupsOf(sizes, 10, (size) => size)];

test('groups are filled up to the size, in order, and nothing is left out', () => {
  expect(groups([])).toEqual([]);
  expect(groups([3, 3, 3])).toEqual([[3, 3, 3]]);
  expect(groups([3, 3, 4, 1])).toEqual([[3, 3, 4], [1]]);
  expect(groups([25, 4, 9, 10])).toEqual([[25], [4, 9], [10]]);
});

test('no item is taken before its group is asked for', () => {
  const taken: number[] = [];
  const items = function* (): Generator<number> {
    for (const item of [6, 6, 6, 6]) {
      taken.push(item);
      yield item;
    }
  };
  for (const group of groupsOf(items(), 10, (size) => size)) expect(taken.length % 2, String(group)).toBe(0);
  expect(taken).toHaveLength(4);
});

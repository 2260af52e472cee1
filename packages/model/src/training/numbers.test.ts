import { expect, it } from 'vitest';
import { cut, numbersOf } from './numbers.ts';

const numbers = numbersOf([Float32Array.of(1, 2), Float32Array.of(), Float32Array.of(3), Float32Array.of(4, 5, 6)]);
const all = (lengths: number[]): number[][] => [...cut(numbers, lengths)].map((piece) => [...piece]);

it('numbers are cut anew in pieces of any lengths, as often as is asked', () => {
  expect(numbers.length).toBe(6);
  expect(all([6])).toEqual([[1, 2, 3, 4, 5, 6]]);
  expect(all([1, 2, 0, 3])).toEqual([[1], [2, 3], [], [4, 5, 6]]);
  expect(all([2, 1])).toEqual([[1, 2], [3]]);
  expect(() => all([4, 3])).toThrow('fewer numbers came');
});

it('pieces that need not be joined are not copied', () => {
  const [first, , third] = [...cut(numbers, [1, 2, 3])];
  const [one, , , four] = [...numbers];
  expect(first!.buffer).toBe(one!.buffer);
  expect(third!.buffer).toBe(four!.buffer);
});

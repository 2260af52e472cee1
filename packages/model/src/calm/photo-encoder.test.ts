import { expect, it } from 'vitest';
import { interpolatePositions } from './photo-encoder.ts';

const width = 2;
/** CLS, then position (y, x) as (y, x). */
const grid = (side: number): Float32Array =>
  Float32Array.from([9, 9, ...Array.from({ length: side * side }, (_, i) => [Math.floor(i / side), i % side]).flat()]);

it('leaves positions of the same grid alone', () => {
  const values = grid(4);
  expect(interpolatePositions(values, width, 4)).toBe(values);
});

it('spreads positions over a finer grid, the CLS position kept, edges held', () => {
  const finer = interpolatePositions(grid(4), width, 8);
  expect(finer).toHaveLength((1 + 64) * width);
  expect([...finer.subarray(0, 2)]).toEqual([9, 9]);
  const at = (y: number, x: number): number[] => [...finer.subarray((1 + y * 8 + x) * width, (2 + y * 8 + x) * width)];
  expect(at(0, 0)).toEqual([0, 0]);
  expect(at(7, 7)).toEqual([3, 3]);
  expect(at(2, 3)).toEqual([0.75, 1.25]);
});

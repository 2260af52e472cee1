import { expect, test } from 'vitest';
import { percent, placeWords, strongest } from './regions.ts';

test('patches are named by where they lie, the strongest first', () => {
  expect(strongest({ patches: [0.1, 0.5, 0.1, 0.3] }, 3)).toEqual([
    { at: 1, share: 0.5 },
    { at: 3, share: 0.3 },
    { at: 0, share: 0.1 },
  ]);
  expect(placeWords(0, 8)).toBe('upper left (row 1, column 1 of 8)');
  expect(placeWords(63, 8)).toBe('lower right (row 8, column 8 of 8)');
  expect(placeWords(3 * 8 + 4, 8)).toBe('centre (row 4, column 5 of 8)');
  expect(placeWords(4, 3)).toBe('centre (row 2, column 2 of 3)');
  expect(placeWords(5, 3)).toBe('middle right (row 2, column 3 of 3)');
  expect(percent(0.0456)).toBe('4.6 %');
});

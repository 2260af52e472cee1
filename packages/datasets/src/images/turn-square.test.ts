import { expect, it } from 'vitest';
import { squareViews, turnSquare } from './turn-square.ts';

const side = 3;
/** Pixels 0..8, row by row, each with three channels of its own. */
const pixels = Float32Array.from({ length: side * side * 3 }, (_, i) => Math.floor(i / 3) + (i % 3) / 10);

it('a square is turned and mirrored in eight different ways, its pixels kept whole', () => {
  const seen = squareViews.all.map((way) => {
    const turned = turnSquare(pixels, side, way);
    const numbers = Array.from({ length: side * side }, (_, at) => Math.floor(turned[3 * at]!));
    for (const [at, number] of numbers.entries())
      expect(turned.subarray(3 * at, 3 * at + 3)).toEqual(pixels.subarray(3 * number, 3 * number + 3));
    return numbers.join('');
  });
  expect(seen[0]).toBe('012345678');
  expect(seen[4]).toBe('210543876');
  expect(new Set(seen)).toEqual(
    new Set(['012345678', '258147036', '876543210', '630741852', '210543876', '852741630', '678345012', '036147258']),
  );
});

it('four quarter turns are none, and so are two mirrorings', () => {
  let turned: Float32Array = pixels;
  for (let i = 0; i < 4; i++) turned = turnSquare(turned, side, 1);
  expect(turned).toEqual(pixels);
  expect(turnSquare(turnSquare(pixels, side, 4), side, 4)).toEqual(pixels);
});

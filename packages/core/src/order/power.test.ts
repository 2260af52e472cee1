import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { power } from './power.ts';
import { rng } from './rng.ts';

/** Bases and exponents as they occur, and far from it. */
function pairs(count: number): readonly (readonly [number, number])[] {
  const { uniform } = rng('power');
  return Array.from({ length: count }, (_, i): readonly [number, number] => {
    switch (i % 6) {
      case 0:
        return [uniform(), 1 / (2 + (i % 5))];
      case 1:
        return [0.9 + uniform() / 10, Math.floor(uniform() * 1e5)];
      case 2:
        return [10_000, -uniform()];
      case 3:
        return [uniform() * 10, uniform() * 700 - 350];
      case 4:
        return [uniform() * 1e-308, uniform()];
      default:
        return [10, -Math.floor(uniform() * 320)];
    }
  });
}

test('has the bits of Node 20 and 22 on every Node', () => {
  const results = Float64Array.from(pairs(60_000), ([x, y]) => power(x, y));
  // Of what `**` gives there.
  expect(createHash('sha256').update(new Uint8Array(results.buffer)).digest('hex')).toBe(
    '007101f6ea97fd1665e2430546797a553ad9b4ca338ee4a299f949403296ab3a',
  );
  // One result that Node 24's `**` has otherwise.
  expect(power(10, -4)).toBe(0.00009999999999999999);
});

test.runIf(Number(process.versions.node.split('.')[0]) < 24)('is what this Node gives itself', () => {
  const different = pairs(300_000).filter(([x, y]) => !Object.is(power(x, y), x ** y));
  expect(different).toEqual([]);
});

test('knows the simple cases and refuses what it is not for', () => {
  expect([power(0, 3), power(0, -1), power(5, 0), power(1, -7.5), power(3, 1), power(9, 0.5), power(4, -1)]).toEqual([
    0,
    Infinity,
    1,
    1,
    3,
    3,
    0.25,
  ]);
  expect([power(10, 400), power(10, -400), power(2, -1074)]).toEqual([Infinity, 0, 2 ** -1074]);
  expect(() => power(-8, 1 / 3)).toThrow('power(-8, 0.3333333333333333) is not supported');
  expect(() => power(2, NaN)).toThrow(RangeError);
});

import { expect, test } from 'vitest';
import { rootOf, upperQuantile, upperTail } from './student-t.ts';

// scipy 1.17.1: stats.t.sf(t, df) and stats.t.isf(tail, df).
test.each([
  [0.5, 1, 0.3524163823495667],
  [12.706204736, 1, 0.02500000000034233],
  [1, 2, 0.2113248654051871],
  [2.5, 3, 0.04385332350403278],
  [3, 4, 0.01997098403585941],
  [2.2, 7, 0.03186550765131839],
  [0.1, 8, 0.4614024547152985],
  [3.7, 28, 0.0004667685635679648],
  [1.96, 499, 0.02527595144205015],
  [5, 499, 3.975725941064482e-7],
  [2.6, 19927, 0.004664626725970331],
])('the tail beyond %d with %d degrees of freedom is that of scipy', (t, df, expected) => {
  expect(Math.abs(upperTail(t, df) - expected)).toBeLessThan(1e-13);
});

test.each([
  [0.025, 1, 12.7062047361747],
  [0.025, 2, 4.302652729749464],
  [0.025 / 7, 1, 89.12302810881877],
  [0.025 / 7, 3, 6.579678501573432],
  [0.2, 4, 0.9409645772351811],
  [0.025, 499, 1.964729390987689],
  [0.001, 8, 4.500790933723724],
  [1e-6, 7, 14.24146965198145],
  [0.4, 2, 0.2886751345948128],
  [0.025, 19927, 1.960083039735451],
])('the quantile of tail %d with %d degrees of freedom is that of scipy', (tail, df, expected) => {
  expect(Math.abs(upperQuantile(tail, df) / expected - 1)).toBeLessThan(1e-9);
});

test('half lies beyond 0, nothing beyond what is far away', () => {
  expect([upperTail(0, 1), upperTail(0, 6), upperQuantile(0.5, 3)]).toEqual([0.5, 0.5, 0]);
  expect(upperTail(1e9, 30)).toBe(0);
});

test('a root is found where the function is flat on one side', () => {
  expect(rootOf((x) => (x < 0.7 ? -1e-9 : 1e6 * (x - 0.7)), 0, 1)).toBeCloseTo(0.7, 9);
});

import { expect, test } from 'vitest';
import { seedBand } from './seed-bands.ts';

const curve = (values: readonly number[]) => values.map((value, step) => [step, value] as const);

test('few steps stand each by itself, with mean, least and greatest of the seeds there', () => {
  expect(seedBand([curve([4, 2]), curve([2, 1, 8])], 10)).toEqual([
    { step: 0, mean: 3, low: 2, high: 4 },
    { step: 1, mean: 1.5, low: 1, high: 2 },
    { step: 2, mean: 8, low: 8, high: 8 },
  ]);
});

test('of many steps each place has the means of its seeds', () => {
  const band = seedBand([curve([1, 3, 5, 7]), curve([2, 2, 9, 9])], 2);
  expect(band).toEqual([
    { step: 1, mean: 2, low: 2, high: 2 },
    { step: 3, mean: 7.5, low: 6, high: 9 },
  ]);
});

test('100,000 steps take as many places as asked for', () => {
  expect(seedBand([curve(Array.from({ length: 100_000 }, (_, i) => i))], 120)).toHaveLength(120);
});

test('values that are not finite count nowhere; without any there is no place', () => {
  expect(seedBand([curve([Number.NaN, 2, Number.POSITIVE_INFINITY])], 3)).toEqual([
    { step: 1, mean: 2, low: 2, high: 2 },
  ]);
  expect(seedBand([], 3)).toEqual([]);
  expect(seedBand([curve([Number.NaN])], 3)).toEqual([]);
});

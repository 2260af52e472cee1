import { expect, test } from 'vitest';
import { rng } from '@calm-orch/core';
import { meanOfItems, plccOfItems } from '@calm-orch/evaluator/test-items';
import { bootstrap } from './bootstrap.ts';

const numItems = 80;
const ids = Array.from({ length: numItems }, (_, i) => String(i));
const values = ids.map((_, i) => rng('bootstrap', i).normal(0.5, 0.1));

function deviation(draws: Float64Array): number {
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  return Math.sqrt(draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length);
}

test('a mean varies over draws by its standard error, the same each time', () => {
  const items = meanOfItems(ids, values);
  const { value, draws, numClusters } = bootstrap([items], 4000).get(items)!;
  const mean = values.reduce((sum, one) => sum + one, 0) / numItems;
  const error = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0)) / numItems;
  expect(value).toBeCloseTo(mean, 12);
  expect(deviation(draws) / error).toBeGreaterThan(0.95);
  expect(deviation(draws) / error).toBeLessThan(1.05);
  expect(numClusters).toBe(numItems);
  expect(bootstrap([items], 4000).get(items)!.draws).toEqual(draws);
});

test('trials of the same items are measured on the same draws', () => {
  const [one, other] = [
    meanOfItems(ids, values),
    meanOfItems(
      ids,
      values.map((value) => value + 1),
    ),
  ];
  const measured = bootstrap([one, other, one], 50);
  expect(measured.size).toBe(2);
  measured.get(one)!.draws.forEach((value, i) => expect(measured.get(other)!.draws[i]! - value).toBeCloseTo(1, 12));
});

test('items of a cluster are drawn together: copies of an item tell no more than it does', () => {
  const single = meanOfItems(ids, values);
  const copied = meanOfItems(
    ids.flatMap((id) => [`${id}a`, `${id}b`, `${id}c`]),
    values.flatMap((value) => [value, value, value]),
    ids.flatMap((id) => [id, id, id]),
  );
  const measured = bootstrap([single, copied], 500);
  expect(measured.get(copied)!.numClusters).toBe(numItems);
  expect(deviation(measured.get(copied)!.draws)).toBeCloseTo(deviation(measured.get(single)!.draws), 12);
});

test('what is not defined on a draw is not a number there', () => {
  const constant = plccOfItems(
    ids,
    values.map(() => 5),
    values,
  );
  const { value, draws } = bootstrap([constant], 20).get(constant)!;
  expect(value).toBeNull();
  expect([...draws].every(Number.isNaN)).toBe(true);
});

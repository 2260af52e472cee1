import { expect, it } from 'vitest';
import { drawn } from './draw.ts';

const sizes = { AVA: 90, PCCD: 9, Pexels: 1 } as const;
const pool = Object.entries(sizes).flatMap(([dataset, size]) =>
  Array.from({ length: size }, (_, i) => ({ dataset, name: `${dataset} ${i}` })),
);
const draw = (limit: number, seed = 0) => drawn(pool, limit, [seed, 'unlabeled'], ({ dataset }) => dataset);
const counts = (items: readonly { dataset: string }[]) =>
  Object.keys(sizes).map((name) => items.filter(({ dataset }) => dataset === name).length);

it('takes of every dataset in proportion, at least one where the limit allows it', () => {
  expect(counts(draw(20))).toEqual([17, 2, 1]);
  expect(counts(draw(3))).toEqual([1, 1, 1]);
  expect(draw(2)).toHaveLength(2);
  expect(draw(100)).toEqual(pool);
});

it('keeps the order, and is another draw with another seed', () => {
  const places = draw(40).map((item) => pool.indexOf(item));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(draw(40)).toEqual(draw(40));
  expect(draw(40, 1)).not.toEqual(draw(40));
  expect(drawn(pool, 5, [0])).toHaveLength(5);
});

import { expect, test } from 'vitest';
import { axisOf } from './axis.ts';

test('ticks stand at round values within what is drawn', () => {
  expect(axisOf([0, 1199]).ticks).toEqual([0, 500, 1000]);
  expect(axisOf([0.12, 0.31]).ticks).toEqual([0.15, 0.2, 0.25, 0.3]);
  expect(axisOf([-3e-4, 2e-4]).ticks).toEqual([-3e-4, -2e-4, -1e-4, 0, 1e-4, 2e-4]);
});

test('values lie between the ends; the same value everywhere lies in the middle', () => {
  const { percent } = axisOf([2, 10, 4]);
  expect([2, 4, 10].map(percent)).toEqual([0, 25, 100]);
  expect([axisOf([7]).percent(7), axisOf([0, 0]).percent(0)]).toEqual([50, 50]);
  expect(axisOf([7]).ticks.length).toBeGreaterThan(2);
});

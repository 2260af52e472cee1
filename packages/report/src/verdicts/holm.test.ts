import { expect, test } from 'vitest';
import { holm, holmAdjusted } from './holm.ts';
import { upperQuantile } from './student-t.ts';

const unit = [{ variance: 1, df: 20 }];
const beyond = (tail: number): number => upperQuantile(tail, 20) + 1e-9;

test('the least p-value is held against the level over all, the next against that over what is left', () => {
  const three = [unit, unit, unit];
  expect(holm([beyond(0.025 / 3), beyond(0.025 / 2), beyond(0.025)], three, 0.025)).toEqual([true, true, true]);
  expect(holm([beyond(0.025), beyond(0.025 / 2), beyond(0.01)], three, 0.025)).toEqual([false, false, false]);
  expect(holm([beyond(0.025 / 3), beyond(0.02), beyond(0.02)], three, 0.025)).toEqual([true, false, false]);
});

test('what has no variance is never found, and counts', () => {
  expect(holm([5, beyond(0.025)], [null, unit], 0.025)).toEqual([false, false]);
  expect(holm([5, beyond(0.025 / 2)], [null, unit], 0.025)).toEqual([false, true]);
  expect(holm([0, -1], [[{ variance: 0, df: 1 }], unit], 0.025)).toEqual([false, false]);
});

test('adjusted p-values are those of R', () => {
  // p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm')
  expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(holmAdjusted([0.4, null, 0.01])).toEqual([0.8, null, 0.03]);
  expect(holmAdjusted([0.7, 0.6])).toEqual([1, 1]);
});

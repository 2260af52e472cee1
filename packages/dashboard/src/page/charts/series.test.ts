import { expect, test } from 'vitest';
import type { StageLine } from '../../api/runs.ts';
import { smoothed, styleOf } from './series.ts';

test('smoothing takes the weighted mean of what was there, without the pull of a start value', () => {
  expect(smoothed([4, 2, 1], 0)).toEqual([4, 2, 1]);
  // (4/2 + 2) / (1/2 + 1) and ((4/2 + 2) / 2 + 1) / (1/4 + 1/2 + 1)
  expect(smoothed([4, 2, 1], 0.5)).toEqual([4, 4 / 1.5, 3 / 1.75]);
  expect(smoothed([3, null, 3], 0.9)[1]).toBeNull();
  expect(smoothed([3, null, 3], 0.9)[2]).toBeCloseTo(3, 12);
});

test('rows differ in colour and seeds in dashes', () => {
  const stage = (row: string, seed: number): StageLine => ({
    ...{
      key: `${row}${seed}`,
      kind: 'finetune-score',
      label: '',
      state: 'done',
      error: null,
      started: null,
      ended: null,
    },
    ...{ numItems: 1, numAttempts: 1, trials: [{ row, seed }] },
  });
  const all = ['a', 'b'].flatMap((row) => [0, 1].map((seed) => stage(row, seed)));
  const styles = all.map((one, i) => styleOf(one, all, i));
  expect(styles[0]!.color).toBe(styles[1]!.color);
  expect(styles[0]!.color).not.toBe(styles[2]!.color);
  expect(styles[0]!.dash).toEqual(styles[2]!.dash);
  expect(styles[0]!.dash).not.toEqual(styles[1]!.dash);
});

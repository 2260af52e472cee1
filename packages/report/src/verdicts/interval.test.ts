import { describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { plcc, srcc } from '@calm-orch/evaluator';
import { meanOfItems, plccOfItems, srccOfItems } from '@calm-orch/evaluator/test-items';
import { meanIntervals } from './interval.ts';

const numItems = 80;
const ids = Array.from({ length: numItems }, (_, i) => String(i));
const targets = ids.map((_, i) => rng('interval targets', i).normal(5, 1));
const predictions = targets.map((target, i) => target + rng('interval predictions', i).normal(0, 0.8));
const once = new Array<number>(numItems).fill(1);

describe('meanIntervals', () => {
  const plccs = plccOfItems(ids, predictions, targets);

  it('lie about the metric, are wider for fewer items, and are the same each time', () => {
    const mean = meanOfItems(ids, targets);
    const few = meanOfItems(ids.slice(0, 20), targets.slice(0, 20));
    const [all, ranks, many, part] = meanIntervals([[plccs], [srccOfItems(ids, predictions, targets)], [mean], [few]]);
    const [value, rank] = [plcc(predictions, targets)!, srcc(predictions, targets)!];
    expect(all![0] < value && value < all![1]).toBe(true);
    expect(ranks![0] < rank && rank < ranks![1]).toBe(true);
    expect(part![1] - part![0]).toBeGreaterThan(1.4 * (many![1] - many![0]));
    expect(meanIntervals([[plccs]])).toEqual([all]);
  });

  it('of a mean have the width statistics knows: 3.92 standard errors', () => {
    const mean = meanOfItems(ids, targets);
    const [interval] = meanIntervals([[mean]], 4000);
    const average = mean.statistic(once)!;
    const error = Math.sqrt(targets.reduce((sum, t) => sum + (t - average) ** 2, 0)) / numItems;
    expect((interval![1] - interval![0]) / error).toBeGreaterThan(3.7);
    expect((interval![1] - interval![0]) / error).toBeLessThan(4.1);
  });

  it('draw the same items for all trials of a cell, and are null where there is nothing to draw', () => {
    expect(meanIntervals([[plccs, plccs]])).toEqual(meanIntervals([[plccs]]));
    const constant = plccOfItems(
      ids,
      ids.map(() => 5),
      targets,
    );
    expect(meanIntervals([[], [constant], [plccs, constant]], 50)).toEqual([null, null, null]);
  });
});

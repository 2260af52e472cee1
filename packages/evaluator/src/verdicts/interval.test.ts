import { describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { tokenMetrics } from '../metrics/captions.ts';
import { plcc, srcc } from '../metrics/correlation.ts';
import { rmse } from '../metrics/score-files.ts';
import { meanIntervals } from './interval.ts';
import { bleuOfItems, meanOfItems, plccOfItems, rmseOfItems, srccOfItems } from './test-items.ts';

const numItems = 80;
const ids = Array.from({ length: numItems }, (_, i) => String(i));
const targets = ids.map((_, i) => rng('interval targets', i).normal(5, 1));
const predictions = targets.map((target, i) => target + rng('interval predictions', i).normal(0, 0.8));
const once = new Array<number>(numItems).fill(1);

describe('statistics of draws', () => {
  it('are the metrics themselves where every item is drawn once', () => {
    expect(rmseOfItems(ids, predictions, targets).statistic(once)).toBeCloseTo(rmse(predictions, targets)!, 12);
    expect(plccOfItems(ids, predictions, targets).statistic(once)).toBeCloseTo(plcc(predictions, targets)!, 12);
    expect(srccOfItems(ids, predictions, targets).statistic(once)).toBeCloseTo(srcc(predictions, targets)!, 12);
  });

  it('are those of the repeated items otherwise, BLEU as a ratio over the drawn corpus', () => {
    const weights = ids.map((_, i) => i % 3);
    const drawn = ids.flatMap((_, i) => new Array<number>(i % 3).fill(i));
    const of = (values: readonly number[]) => drawn.map((i) => values[i]!);
    expect(rmseOfItems(ids, predictions, targets).statistic(weights)).toBeCloseTo(
      rmse(of(predictions), of(targets))!,
      12,
    );
    const words = ['sharp', 'dark', 'vivid', 'noisy', 'light'];
    const items = ids.map((id, i) => ({
      id,
      references: [
        ['a', words[i % 5]!, 'photo', 'of', 'snow'],
        ['nice', words[i % 3]!],
      ],
      candidate: ['a', words[i % 4]!, 'photo', 'of', words[i % 2]!],
    }));
    const { bleuStatistics } = tokenMetrics(items);
    const corpus = tokenMetrics(drawn.map((i, at) => ({ ...items[i]!, id: String(at) }))).corpus;
    for (const order of [1, 2, 3, 4] as const)
      expect(bleuOfItems(ids, bleuStatistics, order).statistic(weights)).toBeCloseTo(corpus[`BLEU-${order}`]!, 12);
  });
});

describe('a constant side', () => {
  const draw = ids.map((_, i) => (i % 7 === 0 ? 11 : i % 3));

  it.each([5, 0.1, 3.3, 5.646977158610035, 1 / 3, 1e-300, 1e300])('has no correlation in any draw: %d', (value) => {
    for (const of of [plccOfItems, srccOfItems])
      for (const weights of [once, draw]) {
        expect(of(ids, new Array<number>(numItems).fill(value), targets).statistic(weights)).toBeNull();
        expect(of(ids, predictions, new Array<number>(numItems).fill(value)).statistic(weights)).toBeNull();
      }
  });

  it('is constant too where only rounding differs, or where what differs was not drawn', () => {
    const rounded = ids.map((_, i) => (i % 2 === 0 ? 0.1 + 0.2 : 0.3));
    const apart = ids.map((_, i) => (i === 5 ? 9 : 3.3));
    const without5 = once.map((weight, i) => (i === 5 ? 0 : weight));
    for (const of of [plccOfItems, srccOfItems]) {
      expect(of(ids, rounded, targets).statistic(once)).toBeNull();
      expect(of(ids, apart, targets).statistic(once)).not.toBeNull();
      expect(of(ids, apart, targets).statistic(without5)).toBeNull();
    }
  });
});

describe('meanIntervals', () => {
  const plccs = plccOfItems(ids, predictions, targets);

  it('lie about the metric, are wider for fewer items, and are the same each time', () => {
    const mean = meanOfItems(ids, targets);
    const few = meanOfItems(ids.slice(0, 20), targets.slice(0, 20));
    const [all, ranks, many, part] = meanIntervals([
      ...[[plccs], [srccOfItems(ids, predictions, targets)], [mean], [few]],
    ]);
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

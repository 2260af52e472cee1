import { describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { tokenMetrics } from '../metrics/captions.ts';
import { plcc, srcc } from '../metrics/correlation.ts';
import { rmse } from '../metrics/score-files.ts';
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

describe('a statistic of drawn items', () => {
  const rounded = predictions.map((value) => Math.round(value));
  const drawn = ids.map((_, i) => rng(7, i).int(numItems));
  const weights = new Int32Array(numItems);
  for (const item of drawn) weights[item]!++;
  const at = (values: readonly number[]) => drawn.map((item) => values[item]!);

  it('is that of the list in which an item stands as often as it was drawn', () => {
    expect(plccOfItems(ids, rounded, targets).statistic(weights)).toBeCloseTo(plcc(at(rounded), at(targets))!, 12);
    expect(srccOfItems(ids, rounded, targets).statistic(weights)).toBeCloseTo(srcc(at(rounded), at(targets))!, 12);
    const mean = at(targets).reduce((a, b) => a + b, 0) / numItems;
    expect(meanOfItems(ids, targets).statistic(weights)).toBeCloseTo(mean, 12);
  });

  it('is null where a side does not vary or no item has a value', () => {
    const one = Int32Array.from(ids, (_, i) => (i === 3 ? 5 : 0));
    expect(plccOfItems(ids, rounded, targets).statistic(one)).toBeNull();
    expect(srccOfItems(ids, rounded, targets).statistic(one)).toBeNull();
    expect(meanOfItems(['a', 'b'], [null, 2]).statistic([3, 0])).toBeNull();
    expect(meanOfItems(['a', 'b'], [null, 2]).statistic([3, 1])).toBe(2);
  });
});

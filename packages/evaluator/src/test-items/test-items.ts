// What a trial answered about each test item, as a statistic of how often each item was drawn: what a bootstrap needs.
import { CalmError } from '@calm-orch/core';
import { corpusBleu, type BleuStatistics } from '../metrics/bleu.ts';
import { isConstant } from '../metrics/correlation.ts';

/** One metric of one trial over its test items. */
export interface TestItems {
  readonly ids: readonly string[];
  /** Of each item what it shares with others, such as its photograph: a bootstrap draws these. @default each its own */
  readonly clusters?: readonly string[];
  /** What people said of the items: items of the same ids with another truth are others. @default it is not on file */
  readonly truth?: string;
  /** The metric with item i counted `weights[i]` times; null where undefined. */
  statistic(weights: ArrayLike<number>): number | null;
}

/** A metric that is a mean over items: CIDEr, ROUGE-L, accuracy, SRCC per annotator. Items without a value are left out. */
export function meanOfItems(
  ids: readonly string[],
  values: readonly (number | null)[],
  clusters: readonly string[] = ids,
): TestItems {
  assertPaired(ids, values, clusters);
  return {
    ids,
    clusters,
    statistic: (weights) => {
      let sum = 0;
      let count = 0;
      values.forEach((value, i) => {
        if (value === null) return;
        sum += weights[i]! * value;
        count += weights[i]!;
      });
      return count === 0 ? null : sum / count;
    },
  };
}

/** A metric of predictions and targets, both in the order of the items. */
type OfScores = (ids: readonly string[], predictions: readonly number[], targets: readonly number[]) => TestItems;

/** Pearson's correlation. */
export const plccOfItems: OfScores = (ids, predictions, targets) => {
  assertPaired(ids, predictions, targets);
  return { ids, statistic: (weights) => weightedCorrelation(predictions, targets, weights) };
};

/** Spearman's correlation: items are sorted once, each draw only counts them, so a draw costs no sorting. */
export const srccOfItems: OfScores = (ids, predictions, targets) => {
  assertPaired(ids, predictions, targets);
  const rankPredictions = weightedRanks(predictions);
  const rankTargets = weightedRanks(targets);
  return {
    ids,
    statistic: (weights) =>
      isConstant(predictions, weights) || isConstant(targets, weights)
        ? null
        : weightedCorrelation(rankPredictions(weights), rankTargets(weights), weights),
  };
};

/** Root of the mean squared difference. */
export const rmseOfItems: OfScores = (ids, predictions, targets) => {
  const squares = predictions.map((prediction, i) => (prediction - targets[i]!) ** 2);
  const { statistic: meanSquare } = meanOfItems(ids, squares);
  return {
    ids,
    statistic: (weights) => {
      const mean = meanSquare(weights);
      return mean === null ? null : Math.sqrt(mean);
    },
  };
};

/** BLEU of the drawn items as a corpus. */
export function bleuOfItems(ids: readonly string[], statistics: readonly BleuStatistics[], order: number): TestItems {
  assertPaired(ids, statistics);
  return { ids, statistic: (weights) => corpusBleu(statistics, weights)[order - 1]! };
}

/** Mean ranks of the drawn values; an item drawn twice is two equal values. */
function weightedRanks(values: readonly number[]): (weights: ArrayLike<number>) => Float64Array {
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  return (weights) => {
    const ranks = new Float64Array(values.length);
    let below = 0;
    for (let first = 0; first < order.length;) {
      let next = first;
      let equal = 0;
      while (next < order.length && values[order[next]!] === values[order[first]!]) equal += weights[order[next++]!]!;
      for (let i = first; i < next; i++) ranks[order[i]!] = below + (equal + 1) / 2;
      below += equal;
      first = next;
    }
    return ranks;
  };
}

function weightedCorrelation(x: ArrayLike<number>, y: ArrayLike<number>, weights: ArrayLike<number>): number | null {
  if (isConstant(x, weights) || isConstant(y, weights)) return null;
  let [count, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    count += weights[i]!;
    sumX += weights[i]! * x[i]!;
    sumY += weights[i]! * y[i]!;
  }
  const [meanX, meanY] = [sumX / count, sumY / count];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    xx += weights[i]! * dx * dx;
    yy += weights[i]! * dy * dy;
    xy += weights[i]! * dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

function assertPaired(ids: readonly unknown[], ...lists: readonly (readonly unknown[])[]): void {
  for (const { length } of lists)
    if (length !== ids.length) throw new CalmError('internal', `${ids.length} test items with ${length} values`);
}

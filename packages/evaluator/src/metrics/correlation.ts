// Correlation of predicted and true scores: Pearson's (PLCC, raw) and Spearman's (SRCC, average
// ranks for ties). Conventions are scipy's; where scipy answers nan the answer here is null. A side whose values differ by
// rounding alone is constant: what a sum leaves of it is no correlation.
import { CalmError } from '@calm-orch/core';

/**
 * Pearson's linear correlation coefficient in [-1, 1]; null for fewer than 2 pairs, a constant side, or values that
 * are not finite. Stable for large offsets: both sides are centred twice and scaled by their largest deviation.
 * @throws CalmError `invalid_argument` when the lengths differ.
 */
export function plcc(predictions: ArrayLike<number>, targets: ArrayLike<number>): number | null {
  assertPaired(predictions, targets);
  if (predictions.length < 2) return null;
  const x = deviations(predictions);
  const y = deviations(targets);
  if (x === null || y === null) return null;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += x[i]! * y[i]!;
    xx += x[i]! * x[i]!;
    yy += y[i]! * y[i]!;
  }
  return Math.min(1, Math.max(-1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
}

/**
 * Spearman's rank correlation coefficient: Pearson's of the ranks. Infinite values have ranks; NaN gives null.
 * @throws CalmError `invalid_argument` when the lengths differ.
 */
export function srcc(predictions: ArrayLike<number>, targets: ArrayLike<number>): number | null {
  assertPaired(predictions, targets);
  if (isConstant(predictions) || isConstant(targets)) return null;
  const x = averageRanks(predictions);
  const y = averageRanks(targets);
  return x === null || y === null ? null : plcc(x, y);
}

/** Values that differ by less, of the largest magnitude, are one value: a mean of 10,000 equal numbers is off by 1e-13. */
const rounding = 1e-12;

/** Whether all values (those with a weight, if given) are one value but for rounding. */
export function isConstant(values: ArrayLike<number>, weights?: ArrayLike<number>): boolean {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (weights?.[i] === 0) continue;
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  if (high <= low) return true;
  return Number.isFinite(high - low) && high - low <= rounding * Math.max(Math.abs(low), Math.abs(high));
}

/** 1-based ranks; equal values share the mean of the ranks they take up. Null when a value is NaN. */
export function averageRanks(values: ArrayLike<number>): Float64Array | null {
  const sorted = Float64Array.from(values);
  if (sorted.some(Number.isNaN)) return null;
  const order = Array.from(sorted, (_, index) => index).sort((a, b) => compare(values[a]!, values[b]!));
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && values[order[next]!] === values[order[first]!]) next++;
    // Ranks first+1 ... next, whose mean is this.
    for (let i = first; i < next; i++) ranks[order[i]!] = (first + 1 + next) / 2;
    first = next;
  }
  return ranks;
}

/** Subtraction would make NaN of two infinities. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Deviations from the mean, scaled to a largest magnitude of 1 so that no square overflows; null if there are none. */
function deviations(values: ArrayLike<number>): Float64Array | null {
  const shifted = Float64Array.from(values, (value) => value - values[0]!);
  centre(shifted);
  centre(shifted);
  let largest = 0;
  for (let i = 0; i < shifted.length; i++) {
    if (!Number.isFinite(shifted[i])) return null;
    largest = Math.max(largest, Math.abs(shifted[i]!));
  }
  if (isConstant(values) || largest === 0) return null;
  return shifted.map((value) => value / largest);
}

function centre(values: Float64Array): void {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}

function assertPaired(predictions: ArrayLike<number>, targets: ArrayLike<number>): void {
  if (predictions.length === targets.length) return;
  throw new CalmError(
    'invalid_argument',
    `correlation: ${predictions.length} predictions for ${targets.length} targets; give one prediction per target`,
  );
}

// How far a number of a table would go with other test items: a percentile bootstrap over the items, its trials as they are.
import type { Interval } from '../table.ts';
import type { Measured } from './bootstrap.ts';

/** 95 % interval of the mean over `trials`; null where there is none, or more than one draw in twenty has no value. */
export function meanInterval(trials: readonly Measured[]): Interval | null {
  if (trials.length === 0) return null;
  const means = trials[0]!.draws.map((_, draw) => trials.reduce((sum, { draws }) => sum + draws[draw]!, 0));
  const present = means.filter((sum) => !Number.isNaN(sum)).sort();
  if (present.length < 0.95 * means.length) return null;
  return [quantile(present, 0.025) / trials.length, quantile(present, 0.975) / trials.length];
}

/** Linear between order statistics. */
function quantile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (at - Math.floor(at)) * (above - below);
}

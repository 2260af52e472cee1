// How many seeds would decide a comparison: where a difference as large as the one measured is found in four of five tries.
// Seeds make their own part of the variance smaller, never that of the test items.
import { halfWidth, type Component } from './half-width.ts';

const power = 0.8;
const most = 1000;

export interface Undecided {
  readonly numSeeds: number;
  readonly seeds: Component | null;
  readonly items: Component;
}

/** @param distance Of the estimate to what decides. @returns Null where not even 1,000 seeds would. */
export function seedsToDecide({ numSeeds, seeds, items }: Undecided, distance: number, tail: number): number | null {
  // Nothing is known of seeds that have not varied yet.
  if (seeds === null) return numSeeds + 1;
  const isSeen = (components: readonly Component[]): boolean =>
    halfWidth(components, tail) + halfWidth(components, 1 - power) <= distance;
  // Each further seed of the two rows alone adds one degree of freedom.
  const isEnough = (count: number): boolean =>
    isSeen([{ variance: (seeds.variance * numSeeds) / count, df: seeds.df + count - numSeeds }, items]);
  if (!isSeen([items])) return null;
  let [few, enough] = [numSeeds, 2 * numSeeds];
  while (!isEnough(enough)) {
    if (enough >= most) return null;
    [few, enough] = [enough, Math.min(most, 2 * enough)];
  }
  while (enough - few > 1) {
    const middle = (few + enough) >> 1;
    if (isEnough(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

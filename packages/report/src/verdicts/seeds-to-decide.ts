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
  const isEnough = (count: number): boolean => {
    // Each further seed of the two rows alone adds one degree of freedom.
    const later = { variance: (seeds.variance * numSeeds) / count, df: seeds.df + count - numSeeds };
    return halfWidth([later, items], tail) + halfWidth([later, items], 1 - power) <= distance;
  };
  if (!isEnough(most)) return null;
  let [few, enough] = [numSeeds, most];
  while (enough - few > 1) {
    const middle = (few + enough) >> 1;
    if (isEnough(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

// Draws of test items with replacement, from the counter-based generator: the same results give the same intervals.
import { rng } from '@calm-orch/core';
import type { Interval } from '../table.ts';

/** @default of how often a bootstrap draws */
export const defaultReplicates = 2000;

const drawSeed = 0;

/** The generator of a replicate over `numItems` items, after it has drawn them: how often each was drawn. */
export function drawItems(purpose: string, numItems: number, replicate: number) {
  const random = rng(drawSeed, purpose, numItems, replicate);
  const weights = new Int32Array(numItems);
  for (let i = 0; i < numItems; i++) weights[random.int(numItems)]!++;
  return { random, weights };
}

/** The 95 % percentile interval; null where more than one draw in twenty has no value: the items say too little. */
export function percentileInterval(values: readonly (number | null)[]): Interval | null {
  const present = values.filter((value) => value !== null);
  if (present.length === 0 || present.length < 0.95 * values.length) return null;
  const sorted = Float64Array.from(present).sort();
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
}

/** Mean; null where a value is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  if (values.length === 0 || values.some((value) => value === null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}

/** Linear between order statistics. */
function quantile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (at - Math.floor(at)) * (above - below);
}

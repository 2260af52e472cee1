// How far a number of a table would go with other test items: a percentile bootstrap over the items, its trials as they are.
import type { TestItems } from '@calm-orch/evaluator/test-items';
import type { Interval } from '../table.ts';
import { defaultReplicates, drawItems, meanOf, percentileInterval } from './draws.ts';

/**
 * 95 % intervals of several means over trials. Trials of equally many items are measured on the same draws. Null where there
 * is no trial or no value.
 */
export function meanIntervals(
  cells: readonly (readonly TestItems[])[],
  numReplicates: number = defaultReplicates,
): (Interval | null)[] {
  const values = cells.map((): (number | null)[] => []);
  for (let replicate = 0; replicate < numReplicates; replicate++) {
    const draws = new Map<number, Int32Array>();
    const weightsOf = (numItems: number): Int32Array => {
      if (!draws.has(numItems)) draws.set(numItems, drawItems('interval', numItems, replicate).weights);
      return draws.get(numItems)!;
    };
    cells.forEach((trials, i) => {
      values[i]!.push(meanOf(trials.map(({ ids, statistic }) => statistic(weightsOf(ids.length)))));
    });
  }
  return values.map(percentileInterval);
}

// Does a claim of the paper hold here? A paired bootstrap over seeds and test items: each replicate draws seeds and
// items once, with replacement, and all rows of the claim are measured on that one draw (docs/verdicts.md).
import type { Claim } from '@calm-orch/core';
import type { TestItems } from '@calm-orch/evaluator/test-items';
import type { Interval, Verdict } from '../table.ts';
import { defaultReplicates, drawItems, meanOf, percentileInterval } from './draws.ts';

/** A row's trials by seed. */
export type RowItems = ReadonlyMap<number, TestItems>;

/** Judges a claim from each row's trials. A claim about rows that were not evaluated is inconclusive, with the reason. */
export function judge(
  { claim, metric, row, is, than, margin }: Claim,
  rows: ReadonlyMap<string, RowItems>,
  numReplicates: number = defaultReplicates,
): Verdict {
  const open = (reason: string): Verdict => ({
    claim,
    verdict: 'inconclusive',
    interval: null,
    metric,
    difference: null,
    reason,
  });
  const names = [row, ...than];
  const missing = names.filter((name) => (rows.get(name)?.size ?? 0) === 0);
  if (missing.length > 0) return open(`no result of ${missing.join(', ')}`);
  const seeds = [...rows.get(row)!.keys()].filter((seed) => names.every((name) => rows.get(name)!.has(seed))).sort();
  if (seeds.length === 0) return open('no seed has results of all rows');
  const trials = names.map((name) => seeds.map((seed) => rows.get(name)!.get(seed)!));
  const { ids } = trials[0]![0]!;
  if (trials.flat().some((trial) => trial.ids.join('\n') !== ids.join('\n')))
    return open('rows were evaluated on different items');

  const advantage = (drawnSeeds: readonly number[], weights: ArrayLike<number>): number | null => {
    const means = trials.map((bySeed) => meanOf(drawnSeeds.map((s) => bySeed[s]!.statistic(weights))));
    if (means.some((mean) => mean === null)) return null;
    return Math.min(...means.slice(1).map((other) => means[0]! - other!));
  };
  const all = seeds.map((_, i) => i);
  const difference = advantage(all, new Int32Array(ids.length).fill(1));
  const values: (number | null)[] = [];
  for (let replicate = 0; replicate < numReplicates; replicate++) {
    const { random, weights } = drawItems('verdict', ids.length, replicate);
    values.push(
      advantage(
        all.map(() => random.int(seeds.length)),
        weights,
      ),
    );
  }
  const interval = percentileInterval(values);
  if (difference === null || interval === null) return open(`${metric} is not defined`);
  return { claim, verdict: verdictOf(is, interval, margin), interval, metric, difference };
}

/** The rule, from the interval of the advantage alone. */
export function verdictOf(is: Claim['is'], [low, high]: Interval, margin: number): Verdict['verdict'] {
  switch (is) {
    case 'better':
      return low > margin ? 'reproduced' : high < margin ? 'not reproduced' : 'inconclusive';
    case 'no better':
      return high < margin ? 'reproduced' : low > margin ? 'not reproduced' : 'inconclusive';
    case 'close':
      if (low > -margin && high < margin) return 'reproduced';
      return low > margin || high < -margin ? 'not reproduced' : 'inconclusive';
  }
}

// Does a claim of the paper hold here? A paired bootstrap over seeds and test items: each replicate draws seeds and
// items once, with replacement, and all rows of the claim are measured on that one draw (docs/verdicts.md).
import type { Claim } from '@calm-orch/core';
import { defaultReplicates, drawItems, meanOf, percentileInterval } from './draws.ts';
import type { TestItems } from './test-items.ts';

export const verdicts = ['reproduced', 'not reproduced', 'inconclusive'] as const;

export type Verdict = {
  readonly claim: string;
  readonly metric: string;
  readonly verdict: (typeof verdicts)[number];
  /** The least advantage over the rows compared with: its value on all items and seeds; null where there is none. */
  readonly difference: number | null;
  /** Percentiles 2.5 and 97.5 of its bootstrap distribution. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Why there is no interval. */
  readonly reason?: string;
};

/** A row's trials by seed. */
export type RowItems = ReadonlyMap<number, TestItems>;

export interface VerdictOptions {
  /** @default 2000 */
  readonly numReplicates?: number;
}

/** Judges a claim from each row's trials. A claim about rows that were not evaluated is inconclusive, with the reason. */
export function judge(
  claim: Claim,
  rows: ReadonlyMap<string, RowItems>,
  { numReplicates = defaultReplicates }: VerdictOptions = {},
): Verdict {
  const { row, is, than, margin } = claim;
  const head = { claim: claim.claim, metric: claim.metric };
  const open = (reason: string): Verdict => ({
    ...{ ...head, verdict: 'inconclusive', difference: null, interval: null },
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
  if (difference === null || interval === null) return open(`${claim.metric} is not defined`);
  return { ...head, verdict: verdictOf(is, interval, margin), difference, interval };
}

/** The rule, from the interval of the advantage alone. */
export function verdictOf(is: Claim['is'], [low, high]: readonly [number, number], margin: number): Verdict['verdict'] {
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

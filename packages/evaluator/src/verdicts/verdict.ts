// Does a claim of the paper hold here? A paired bootstrap over seeds and test items: each replicate draws seeds and
// items once, with replacement, and all rows of the claim are measured on that one draw (docs/verdicts.md).
import { rng, type Claim } from '@calm-orch/core';
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

/** Draws are shared by all claims of a table that are judged on the same items, and reproducible. */
const drawSeed = 0;

/** Judges a claim from each row's trials. A claim about rows that were not evaluated is inconclusive, with the reason. */
export function judge(
  claim: Claim,
  rows: ReadonlyMap<string, RowItems>,
  { numReplicates = 2000 }: VerdictOptions = {},
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
  const values: number[] = [];
  for (let replicate = 0; replicate < numReplicates; replicate++) {
    const draw = rng(drawSeed, 'verdict', ids.length, replicate);
    const weights = new Int32Array(ids.length);
    for (let i = 0; i < ids.length; i++) weights[draw.int(ids.length)]!++;
    const value = advantage(
      all.map(() => draw.int(seeds.length)),
      weights,
    );
    if (value !== null) values.push(value);
  }
  // Draws without a correlation are rare; where they are not, the items say too little.
  if (difference === null || values.length < 0.95 * numReplicates) return open(`${claim.metric} is not defined`);
  const sorted = Float64Array.from(values).sort();
  const interval = [quantile(sorted, 0.025), quantile(sorted, 0.975)] as const;
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

function meanOf(values: readonly (number | null)[]): number | null {
  if (values.some((value) => value === null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}

/** Linear between order statistics. */
function quantile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (at - Math.floor(at)) * (above - below);
}

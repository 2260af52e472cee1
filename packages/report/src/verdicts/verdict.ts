// Does a claim hold here? Each of its comparisons is judged by itself, by an interval over seeds and test
// items and with Holm's correction over the claim's comparisons; the claim holds where all of them do (docs/verdicts.md).
import type { Claim } from '@calm-orch/core';
import type { Comparison, Verdict, VerdictWord } from '../table.ts';
import { halfWidth, tailBeyond, type Component } from './half-width.ts';
import { holm, holmAdjusted } from './holm.ts';
import type { MetricTable } from './metric-table.ts';
import { ownSeedVariance, pooledSeedVariance } from './seed-variance.ts';
import { seedsToDecide } from './seeds-to-decide.ts';

/** Of a verdict: two-sided, so 2.5 % on each side. */
export const usualLevel = 0.05;

export interface Levels {
  /** @default usualLevel */
  readonly level?: number;
  /** What later verdicts will be given at. @default level */
  readonly nextLevel?: number;
}

/** A row and one that it is compared with. */
interface Pair {
  readonly than: string;
  readonly difference: number;
  readonly numSeeds: number;
  /** Null with one seed, and where seeds do not vary. */
  readonly seeds: Component | null;
  readonly items: Component;
  readonly effect: number | null;
}

/** How far the estimate is inside of what each word says; above the half width it is so. */
interface Distances {
  readonly reproduced: number;
  readonly contradicted: number;
  readonly smaller: number;
}

/** Judges a claim by its rows' values. Where these cannot be compared it is not judged, and says why. */
export function judge(claim: Claim, table: MetricTable, levels: Levels = {}): Verdict {
  const { level = usualLevel, nextLevel = level } = levels;
  const problem = table.problemOf([claim.row, ...claim.than]);
  if (problem !== null) return notJudged(claim, problem);
  const rows = [...table.values].filter(([name]) => !table.baselines.has(name));
  const pooled = pooledSeedVariance(new Map(rows));
  const pairs = claim.than.map((than) => pairOf(claim, than, table, pooled));
  const lonely = pairs.find(({ numSeeds }) => numSeeds === 0);
  if (lonely) return notJudged(claim, `no seed has results of both ${claim.row} and ${lonely.than}`);

  const distances = pairs.map((pair) => distancesOf(claim, pair));
  const components = pairs.map(({ seeds, items }) => (seeds === null ? null : [seeds, items]));
  const tail = level / 2;
  const foundOf = (word: keyof Distances) =>
    holm(
      distances.map((distance) => distance[word]),
      components,
      tail,
    );
  const [reproduced, contradicted, smaller] = [foundOf('reproduced'), foundOf('contradicted'), foundOf('smaller')];
  const words = pairs.map((_, i): VerdictWord => {
    if (reproduced[i]) return smaller[i] ? 'reproduced, smaller than in the paper' : 'reproduced';
    return contradicted[i] ? 'contradicted' : 'undecided';
  });
  const numOpen = words.filter((word) => word === 'undecided').length;
  // At a stricter level a p-value is scaled, so that 0.05 decides.
  const ps = holmAdjusted(
    components.map((own, i) =>
      own === null ? null : (2 * tailBeyond(own, distances[i]!.reproduced) * usualLevel) / level,
    ),
  );
  const comparisons = pairs.map((pair, i): Comparison => {
    const { than, difference, effect, seeds, items } = pair;
    const width = halfWidth(seeds === null ? [items] : [seeds, items], tail);
    const { reproduced: towards, contradicted: against } = distances[i]!;
    const distance = Math.max(towards, against);
    return {
      than,
      verdict: words[i]!,
      difference,
      interval: [difference - width, difference + width],
      p: ps[i]!,
      effect,
      seedsToDecide: words[i] === 'undecided' ? seedsToDecide(pair, distance, nextLevel / 2 / numOpen) : null,
    };
  });
  return conclude(claim, comparisons, reasonOf(pairs));
}

export function notJudged({ claim, metric, row }: Claim, reason: string): Verdict {
  const nothing = { comparisons: [], difference: null, interval: null };
  return { claim, verdict: 'not judged', metric, row, ...nothing, reason };
}

/** The claim's verdict from those of its comparisons, of which it needs all. */
export function conclude(claim: Claim, comparisons: readonly Comparison[], reason: string | null): Verdict {
  const least = comparisons.reduce((one, other) =>
    distancesOf(claim, other).reproduced < distancesOf(claim, one).reproduced ? other : one,
  );
  const order = ['contradicted', 'undecided', 'reproduced, smaller than in the paper'] as const;
  const verdict = order.find((word) => comparisons.some((one) => one.verdict === word)) ?? 'reproduced';
  return {
    claim: claim.claim,
    verdict,
    metric: claim.metric,
    row: claim.row,
    comparisons,
    difference: least.difference,
    interval: least.interval,
    ...(verdict === 'undecided' && reason !== null && { reason }),
  };
}

function reasonOf(pairs: readonly Pair[]): string | null {
  if (pairs.some(({ numSeeds }) => numSeeds === 1)) return 'one seed: the interval covers test items alone';
  return pairs.some(({ seeds }) => seeds === null)
    ? 'too few rows vary over seeds: the interval covers test items alone'
    : null;
}

function pairOf({ row, effect }: Claim, than: string, table: MetricTable, pooled: Component | null): Pair {
  const { values, paper, published, baselines } = table;
  const [own, other] = [values.get(row)!, values.get(than)];
  const fixed = published.has(than) ? paper.get(than)! : null;
  const seeds = [...own.keys()].filter((seed) => fixed !== null || other!.has(seed)).sort((a, b) => a - b);
  const advantages = seeds.map((seed) => own.get(seed)! - (fixed ?? other!.get(seed)!));
  const count = seeds.length;
  // A pair of rows has the variance of two. A number or a baseline does not vary, or only as the row's own answers do: there
  // it is that of the differences themselves, shared effects of seeds included.
  const isPair = fixed === null && !baselines.has(than);
  const variance = isPair ? pooled : ownSeedVariance(advantages);
  const [ours, theirs] = [paper.get(row), paper.get(than)];
  return {
    than,
    difference: advantages.reduce((sum, advantage) => sum + advantage, 0) / count,
    numSeeds: count,
    seeds:
      variance === null || count < 2 ? null : { ...variance, variance: (variance.variance * (isPair ? 2 : 1)) / count },
    items: count === 0 ? { variance: 0, df: 1 } : table.itemVariance(row, fixed === null ? than : null, seeds),
    effect: ours !== undefined && theirs !== undefined ? ours - theirs : (effect ?? null),
  };
}

function distancesOf(
  { is, margin }: Claim,
  { difference, effect }: Pick<Comparison, 'difference' | 'effect'>,
): Distances {
  const within = margin ?? 0;
  switch (is) {
    case 'better': {
      // Half the paper's effect is too little to pass for it.
      const negligible = effect === null ? within : Math.min(margin ?? effect / 2, effect);
      const smaller = effect === null ? -Infinity : effect - difference;
      return { reproduced: difference, contradicted: negligible - difference, smaller };
    }
    case 'no better':
      return { reproduced: within - difference, contradicted: difference - within, smaller: -Infinity };
    case 'close': {
      const apart = Math.abs(difference);
      return { reproduced: within - apart, contradicted: apart - within, smaller: -Infinity };
    }
  }
}

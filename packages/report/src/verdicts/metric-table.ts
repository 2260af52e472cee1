// One metric of a table as what its claims are judged by: each row's value by seed, and the variance that test items give
// to a difference.
import type { TestItems } from '@calm-orch/evaluator/test-items';
import type { Measured } from './bootstrap.ts';
import type { Component } from './half-width.ts';
import type { SeedValues } from './seed-variance.ts';

/** A row's trials by seed. */
export type RowItems = ReadonlyMap<number, TestItems>;

export interface MetricTable {
  /** Of rows and baselines. */
  readonly values: SeedValues;
  /** The paper's numbers of its rows and of published models. */
  readonly paper: ReadonlyMap<string, number>;
  /** Published models: rows without trials, whose number is the paper's. */
  readonly published: ReadonlySet<string>;
  readonly baselines: ReadonlySet<string>;
  /** Why these rows cannot be compared; null where they can. */
  problemOf(rows: readonly string[]): string | null;
  /**
   * Of the mean over `seeds` of `row` minus `than` (null: minus a fixed number): what the choice of test items does to all
   * seeds alike. What it does to one seed alone is in the variation between seeds.
   */
  itemVariance(row: string, than: string | null, seeds: readonly number[]): Component;
}

export interface MetricSource {
  readonly metric: string;
  readonly rows: ReadonlyMap<string, RowItems>;
  /** What a claim's row is compared with beside rows, by seed of that row. @default none */
  readonly baselines?: ReadonlyMap<string, RowItems>;
  readonly measured: ReadonlyMap<TestItems, Measured>;
  readonly paper: ReadonlyMap<string, number>;
  readonly published: ReadonlySet<string>;
  /** Why published numbers cannot be compared with these rows; null where they can. */
  readonly whyNotPublished: string | null;
}

export function metricTable(source: MetricSource): MetricTable {
  const { metric, baselines = new Map<string, RowItems>(), measured, paper, published, whyNotPublished } = source;
  const rows = new Map([...source.rows, ...baselines]);
  const trialsOf = (row: string) => [...(rows.get(row) ?? new Map<number, TestItems>())];
  const measuredOf = (row: string, seed: number): Measured => measured.get(rows.get(row)!.get(seed)!)!;
  const values = new Map(
    [...rows.keys()].map((row) => {
      const own = trialsOf(row).map(([seed, trial]) => [seed, measured.get(trial)!.value] as const);
      return [row, new Map(own.filter((one): one is readonly [number, number] => one[1] !== null))];
    }),
  );
  return {
    values,
    paper,
    published,
    baselines: new Set(baselines.keys()),
    problemOf: (names) => {
      if (whyNotPublished !== null && names.some((name) => published.has(name))) return whyNotPublished;
      const own = names.filter((name) => !published.has(name));
      const missing = own.filter((name) => trialsOf(name).length === 0);
      if (missing.length > 0) return `no result of ${missing.join(', ')}`;
      const trials = own.flatMap((name) => trialsOf(name).map(([, trial]) => trial));
      const ids = trials[0]!.ids.join('\n');
      if (trials.some((trial) => trial.ids.join('\n') !== ids)) return 'rows were evaluated on different items';
      if (trials.some((trial) => !isDefined(measured.get(trial)!))) return `${metric} is not defined`;
      if (measured.get(trials[0]!)!.numClusters < 2) return 'all test items belong together';
      return null;
    },
    itemVariance: (row, than, seeds) => {
      const advantages = seeds.map((seed) => {
        const own = measuredOf(row, seed).draws;
        const other = than === null ? null : measuredOf(than, seed).draws;
        return own.map((value, draw) => value - (other === null ? 0 : other[draw]!));
      });
      const { numClusters } = measuredOf(row, seeds[0]!);
      // Of few clusters a draw has too little variance: it is off by the factor of a variance over n instead of n - 1.
      const variance = (meanCovariance(advantages) * numClusters) / (numClusters - 1);
      return { variance: Math.max(0, variance), df: numClusters - 1 };
    },
  };
}

/** On all items and on nineteen of twenty draws. */
function isDefined({ value, draws }: Measured): boolean {
  return value !== null && draws.filter((draw) => Number.isNaN(draw)).length <= 0.05 * draws.length;
}

/** Over the draws, between every two of several lists; of one list its variance. Draws without all values are left out. */
function meanCovariance(lists: readonly Float64Array[]): number {
  const count = lists.length;
  const sums = lists[0]!.map((_, draw) => lists.reduce((sum, list) => sum + list[draw]!, 0));
  const isWhole = (_: number, draw: number): boolean => !Number.isNaN(sums[draw]);
  const ofSum = varianceOf(sums.filter(isWhole));
  if (count === 1) return ofSum;
  // The variance of a sum is the sum of all variances and of all covariances.
  const own = lists.reduce((sum, list) => sum + varianceOf(list.filter(isWhole)), 0);
  return (ofSum - own) / (count * (count - 1));
}

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1);
}

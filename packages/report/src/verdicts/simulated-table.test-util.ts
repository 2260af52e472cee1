// Tables for tests of verdicts: of given values, and simulated ones of known variances, for how often verdicts err.
import { rng, type Claim } from '@calm-orch/core';
import type { MetricTable } from './metric-table.ts';

/** Standard error of a difference by test items. */
const usualItemError = 0.012;
const numItems = 500;

interface Beside {
  readonly paper?: Readonly<Record<string, number>>;
  readonly published?: Readonly<Record<string, number>>;
  /** Names of those of the rows that are baselines. */
  readonly baselines?: readonly string[];
  readonly itemError?: number;
  readonly problem?: string;
}

/** Of each row its values with seeds 0, 1, … */
export function metricOf(rows: Readonly<Record<string, readonly number[]>>, beside: Beside = {}): MetricTable {
  const { paper = {}, published = {}, baselines = [], itemError = usualItemError, problem = null } = beside;
  return {
    values: new Map(Object.entries(rows).map(([row, values]) => [row, new Map(values.entries())])),
    paper: new Map(Object.entries({ ...paper, ...published })),
    published: new Set(Object.keys(published)),
    baselines: new Set(baselines),
    problemOf: () => problem,
    itemVariance: () => ({ variance: itemError * itemError, df: numItems - 1 }),
  };
}

export interface Setting {
  readonly numRows: number;
  readonly numSeeds: number;
  /** Standard deviation of a row's value over seeds, beside what a seed does to all rows alike. */
  readonly seedSd: number;
  /** Values are multiples of it, so that there are ties. @default not rounded */
  readonly rounding?: number;
  /** Whether the last row is the same in all seeds. */
  readonly isLastConstant?: boolean;
}

/** A claim that row `r0` is better than all others, by `effect` in the paper. */
export function claimOf({ numRows }: Pick<Setting, 'numRows'>, effect: number): Claim {
  const than = Array.from({ length: numRows - 1 }, (_, i) => `r${i + 1}`);
  return { claim: 'first is best', metric: 'PLCC', row: 'r0', is: 'better', than, effect };
}

/** Where `r0` has the `advantage` over all others; `table` is the number of the draw. */
export function simulatedTable(setting: Setting, advantage: number, table: number): MetricTable {
  const { numRows, numSeeds, seedSd, rounding = 0, isLastConstant = false } = setting;
  const random = rng('simulated table', numRows, numSeeds, Math.round(1e4 * seedSd), table);
  const shared = Array.from({ length: numSeeds }, () => random.normal(0, 0.02));
  const rounded = (value: number): number => (rounding === 0 ? value : rounding * Math.round(value / rounding));
  const rows = Array.from({ length: numRows }, (_, row) => {
    // Errors by items are independent between rows.
    const mean = 0.7 + (row === 0 ? advantage : 0) + random.normal(0, usualItemError / Math.SQRT2);
    const isConstant = isLastConstant && row === numRows - 1;
    return [
      `r${row}`,
      shared.map((effect) => rounded(isConstant ? mean : mean + effect + random.normal(0, seedSd))),
    ] as const;
  });
  return metricOf(Object.fromEntries(rows));
}

// One metric of one row in two runs: B minus A, paired by seed and test item (docs/verdicts.md#two-runs). Nothing is pooled
// over rows, as a change of configuration may do to a seed what it does to no other.
import type { TestItems } from '@calm-orch/evaluator/test-items';
import type { Measured } from '../verdicts/bootstrap.ts';
import { halfWidth, tailBeyond } from '../verdicts/half-width.ts';
import { metricTable, type RowItems } from '../verdicts/metric-table.ts';
import { ownSeedVariance } from '../verdicts/seed-variance.ts';
import { usualLevel } from '../verdicts/verdict.ts';
import type { ComparedMetric } from './comparison.ts';

export type Paired = Pick<ComparedMetric, 'paired' | 'reason'>;

export const unpaired = (reason: string): Paired => ({ paired: null, reason });

export function pairedDifference(
  metric: string,
  { a, b }: { readonly a: RowItems; readonly b: RowItems },
  measured: ReadonlyMap<TestItems, Measured>,
): Paired {
  if (a.size === 0 || b.size === 0) return unpaired(`no test items of ${a.size === 0 ? 'A' : 'B'} are left`);
  const seeds = [...a.keys()].filter((seed) => b.has(seed)).sort((one, other) => one - other);
  if (seeds.length === 0) return unpaired(`no seed in both: ${seedsOf(a)} and ${seedsOf(b)}`);
  const [own, other] = [a, b].map((items) => new Map(seeds.map((seed) => [seed, items.get(seed)!])));
  const truths = [...own!.values(), ...other!.values()].map(({ truth }) => truth);
  if (new Set(truths).size > 1) return unpaired('evaluated on different test items');
  const nothing = { paper: new Map<string, number>(), published: new Set<string>(), whyNotPublished: null };
  const rows = new Map([
    ['a', own!],
    ['b', other!],
  ]);
  const table = metricTable({ metric, rows, measured, ...nothing });
  const problem = table.problemOf(['a', 'b']);
  if (problem !== null)
    return unpaired(problem.replace('rows were evaluated', 'evaluated').replace('items', 'test items'));
  const values = seeds.map((seed) => table.values.get('b')!.get(seed)! - table.values.get('a')!.get(seed)!);
  const difference = values.reduce((sum, value) => sum + value, 0) / values.length;
  const items = table.itemVariance('b', 'a', seeds);
  const variance = ownSeedVariance(values);
  const components = [...(variance ? [{ ...variance, variance: variance.variance / seeds.length }] : []), items];
  const width = halfWidth(components, usualLevel / 2);
  return {
    paired: {
      difference,
      interval: [difference - width, difference + width],
      p: variance === null ? null : Math.min(1, 2 * tailBeyond(components, Math.abs(difference))),
      seeds,
      numItems: own!.get(seeds[0]!)!.ids.length,
    },
    reason: reasonOf(seeds, variance !== null, width === 0 && difference === 0),
  };
}

function reasonOf(seeds: readonly number[], vary: boolean, isSame: boolean): string | null {
  if (isSame) return 'the same results';
  if (vary) return null;
  const why = seeds.length === 1 ? 'one seed' : 'the difference does not vary over seeds';
  return `${why}: the interval covers test items alone`;
}

const seedsOf = (items: RowItems): string => {
  const seeds = [...items.keys()].sort((one, other) => one - other);
  return `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
};

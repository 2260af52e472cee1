// A run that adds seeds until its claims are decided looks at them several times. The level of all looks together is spent
// in proportion to the seeds: after n of at most N it is n / N of it (Lan and DeMets' spending function with the linear
// one of Kim and DeMets). Each look tests at what was spent since the one before, so the chances of a false verdict add up
// to the level at most, however the looks depend on each other (docs/verdicts.md).
import type { Claim } from '@calm-orch/core';
import type { Comparison, Verdict } from '../table.ts';
import type { MetricTable } from './metric-table.ts';
import { undecidedRowsOf, type UndecidedRows } from './undecided-rows.ts';
import { conclude, judge, notJudged, usualLevel } from './verdict.ts';

export interface Looked {
  /** At which the last look tests. */
  readonly level: number;
  /** A comparison's verdict is that of the look that decided it. */
  readonly verdict: Verdict;
  /** Null where the claim is decided or not judged. */
  readonly undecided: UndecidedRows | null;
  /** Whether deciding it would take more than the planned seeds, or not be possible with seeds at all. */
  readonly isFutile: boolean;
}

/**
 * @param looks Numbers of seeds at which the claims were or are judged, the present look included.
 * @param maxSeeds The most that was planned before the first look.
 */
export function judgeAtLooks(claim: Claim, table: MetricTable, looks: readonly number[], maxSeeds: number): Looked {
  const ordered = [...new Set(looks)].filter((seeds) => seeds >= 1 && seeds <= maxSeeds).sort((a, b) => a - b);
  const decided = new Map<string, Comparison>();
  let level = 0;
  let verdict = notJudged(claim, 'it is judged once all its first seeds are done');
  for (const [i, seeds] of ordered.entries()) {
    level = (usualLevel * (seeds - (ordered[i - 1] ?? 0))) / maxSeeds;
    const last = judge(claim, firstSeeds(table, seeds), { level, nextLevel: usualLevel / maxSeeds });
    verdict = last;
    if (last.verdict === 'not judged') break;
    for (const one of last.comparisons)
      if (one.verdict !== 'undecided' && !decided.has(one.than)) decided.set(one.than, one);
    verdict = conclude(
      claim,
      last.comparisons.map((one) => decided.get(one.than) ?? one),
      last.reason ?? null,
    );
  }
  const undecided =
    verdict.verdict === 'undecided'
      ? undecidedRowsOf(verdict, (row) => !table.published.has(row) && !table.baselines.has(row))
      : null;
  const needed = undecided?.seedsToDecide;
  return { level, verdict, undecided, isFutile: undecided !== null && (needed == null || needed > maxSeeds) };
}

/** The table as it was when each row had at most so many seeds; they are added in order. */
function firstSeeds(table: MetricTable, count: number): MetricTable {
  const values = new Map(
    [...table.values].map(([row, own]) => [row, new Map([...own].sort(([a], [b]) => a - b).slice(0, count))] as const),
  );
  return { ...table, values };
}

// The curves of two runs in the same charts.
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { runCurves } from '../curves/run-curves.ts';
import type { ComparedChart, Side } from './comparison.ts';

/** What either run has recorded, in A's order; what B alone has follows. @param parts Points of a band at most. */
export function comparedCurves(tracker: Tracker, a: RunRecord, b: RunRecord, parts: number): ComparedChart[] {
  const charts = new Map<string, ComparedChart>();
  for (const [side, run] of [
    ['a', a],
    ['b', b],
  ] as const satisfies readonly (readonly [Side, RunRecord])[])
    for (const { stage, metric, rows } of runCurves(tracker, run, parts)) {
      const name = `${stage}\n${metric}`;
      const known = charts.get(name)?.rows ?? [];
      charts.set(name, { stage, metric, rows: [...known, ...rows.map((row) => ({ run: side, ...row }))] });
    }
  return [...charts.values()].map((chart) => ({ ...chart, rows: sideBySide(namedAlike(chart.rows)) }));
}

/** What all rows share is called by them; runs of other rows share the same. */
function namedAlike(rows: ComparedChart['rows']): ComparedChart['rows'] {
  const [first, second, ...others] = rows;
  if (first === undefined || second === undefined || others.length > 0) return rows;
  return first.run === second.run || first.row === second.row ? rows : rows.map((row) => ({ ...row, row: 'all rows' }));
}

/** A row of A, then that of B, in order of A's rows. */
function sideBySide(rows: ComparedChart['rows']): ComparedChart['rows'] {
  return [...new Set(rows.map(({ row }) => row))].flatMap((name) => rows.filter(({ row }) => row === name));
}

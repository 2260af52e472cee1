// Two runs of a run folder: configuration, curves, and each metric of each row with the paired difference.
import type { TableMetric } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import type { Cell } from '../table.ts';
import { isRehearsal, rowsOfTable, tablesOf } from '../tables/rows-of-table.ts';
import { bootstrap } from '../verdicts/bootstrap.ts';
import { judgeTables, type JudgeOptions } from '../verdicts/judge-tables.ts';
import { remembered } from '../verdicts/judgement-cache.ts';
import { kindsMeasuring, openRunItems, wholeStages } from '../verdicts/run-items.ts';
import { comparisonVersion, type ComparedCell, type ComparedRun, type RunComparison } from './comparison.ts';
import { configurationDifferences } from './configuration.ts';
import { comparedCurves } from './curves.ts';
import { pairedDifference, unpaired, type Paired } from './paired-difference.ts';

export interface CompareOptions extends JudgeOptions {
  /** Points of a curve at most. @default 200 */
  readonly parts?: number;
}

/** @param options As for the tables of both runs. */
export async function compareRuns(
  tracker: Tracker,
  a: RunRecord,
  b: RunRecord,
  { parts = 200, ...options }: CompareOptions,
): Promise<RunComparison> {
  const lines = commonLines(a, b);
  const [ofA, ofB] = [await cellsOf(tracker, a, options), await cellsOf(tracker, b, options)];
  const paired = await pairedLines(tracker, a, b, lines, options);
  return {
    version: comparisonVersion,
    a: comparedRun(a),
    b: comparedRun(b),
    configuration: configurationDifferences(a, b),
    metrics: lines.map(({ table, shown, metric, rowA, rowB }, i) => ({
      table,
      row: shown,
      metric,
      a: rowA === null ? null : (ofA(rowA, metric) ?? null),
      b: rowB === null ? null : (ofB(rowB, metric) ?? null),
      ...paired[i]!,
    })),
    curves: comparedCurves(tracker, a, b, parts),
  };
}

const comparedRun = (run: RunRecord): ComparedRun => {
  const { id, experiment, title, status } = run;
  return { run: id, experiment, title, status, rehearsal: isRehearsal(run) };
};

/** A metric of a row; its name in each run, null where that run has none. */
interface Line {
  readonly table: string;
  readonly shown: string;
  readonly metric: TableMetric;
  readonly rowA: string | null;
  readonly rowB: string | null;
}

/** Rows are the same by table and name; of two runs with one table each by name alone. */
function commonLines(a: RunRecord, b: RunRecord): Line[] {
  const single = tablesOf(a).length === 1 && tablesOf(b).length === 1;
  const lines = new Map<string, Line>();
  for (const [side, run] of [
    ['rowA', a],
    ['rowB', b],
  ] as const)
    for (const { id, metrics } of tablesOf(run))
      for (const { row, shown } of rowsOfTable(run, id))
        for (const metric of metrics) {
          const key = JSON.stringify([single ? '' : id, shown, metric]);
          const known = lines.get(key) ?? { table: id, shown, metric, rowA: null, rowB: null };
          lines.set(key, { ...known, [side]: row });
        }
  return [...lines.values()];
}

/** What the run's tables show, by row as the run names it. */
async function cellsOf(tracker: Tracker, run: RunRecord, options: JudgeOptions) {
  const cells = new Map<string, ComparedCell>();
  for (const { table, rows } of await judgeTables(tracker, run, options))
    for (const { row, shown } of rowsOfTable(run, table)) {
      const own = rows.find((one) => one.row === shown && one.imported === undefined)?.metrics ?? {};
      for (const [metric, cell] of Object.entries(own)) if (cell.n > 0) cells.set(`${row}\n${metric}`, bare(cell));
    }
  return (row: string, metric: TableMetric): ComparedCell | undefined => cells.get(`${row}\n${metric}`);
}

const bare = ({ mean, std, n, values, interval }: Cell): ComparedCell => ({
  ...{ mean, std, n, values },
  ...(interval && { interval }),
});

async function pairedLines(
  tracker: Tracker,
  a: RunRecord,
  b: RunRecord,
  lines: readonly Line[],
  { artifactOf, cacheDir }: JudgeOptions,
): Promise<Paired[]> {
  if (isRehearsal(a) || isRehearsal(b)) return lines.map(() => unpaired('numbers of a rehearsal mean nothing'));
  const kinds = new Set<string>(lines.flatMap(({ metric }) => kindsMeasuring(metric)));
  const stages = [a, b].map((run) => wholeStages(tracker, run, kinds, artifactOf));
  const from = {
    compared: lines.map(({ metric, rowA, rowB }) => [metric, rowA, rowB]),
    stages: stages.map((own) => own.map(({ kind, key, trials, artifact }) => [kind, key, trials, artifact.files])),
  };
  return remembered(cacheDir, from, async () => {
    const [ofA, ofB] = await Promise.all(stages.map(openRunItems));
    const read = await Promise.all(
      lines.map(async ({ metric, rowA, rowB }) => {
        if (rowA === null || rowB === null) return null;
        return { a: await ofA!.itemsOf(rowA, metric), b: await ofB!.itemsOf(rowB, metric) };
      }),
    );
    const measured = bootstrap(read.flatMap((line) => (line ? [...line.a.values(), ...line.b.values()] : [])));
    return lines.map(({ metric, rowA }, i) => {
      const items = read[i];
      if (!items) return unpaired(`${rowA === null ? 'A' : 'B'} has no such row`);
      return pairedDifference(metric, items, measured);
    });
  });
}

// A run's tables with what only the test items of its trials can tell: intervals, verdicts on the paper's claims, and what
// METEOR matched. Bootstraps take seconds, so they are remembered.
import type { TableMetric, TableSpec } from '@calm-orch/core';
import type { RowItems, Verdict } from '@calm-orch/evaluator';
import { collectTable, rowsOfTable, tablesOf, type RunRecord, type Table, type Tracker } from '@calm-orch/tracker';
import { remembered } from './judgement-cache.ts';
import { measuredStages, openRunItems, type RunItems } from './trial-items.ts';

/** What the test items tell of one table. */
export interface Judgement {
  readonly intervals: readonly {
    /** As the table shows it. */
    readonly row: string;
    readonly metric: TableMetric;
    readonly interval: readonly [low: number, high: number] | null;
  }[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** Every table of a run, judged; trials without a result, or whose artifact was freed, do not count. */
export async function collectJudgedTables(tracker: Tracker, run: RunRecord, dir: string): Promise<Table[]> {
  const specs = tablesOf(run);
  const metrics = specs.flatMap((spec) => [...spec.metrics, ...(spec.claims ?? []).map(({ metric }) => metric)]);
  const stages = measuredStages(tracker, run, dir, metrics);
  const measuredOn = {
    ...{ specs, rows: specs.map(({ id }) => rowsOfTable(run, id).map(({ row, shown }) => [row, shown])) },
    stages: stages.map(({ kind, key, trials }) => [kind, key, trials, tracker.findSucceededStage(key)?.artifacts]),
  };
  const judgements = await remembered<Judgement[]>(measuredOn, async () => {
    const items = await openRunItems(stages, dir);
    return Promise.all(specs.map((spec) => judgementOf(items, run, spec)));
  });
  return specs.map((spec, i) => withJudgement(collectTable(tracker, run, spec), judgements[i]!));
}

async function judgementOf(items: RunItems, run: RunRecord, spec: TableSpec): Promise<Judgement> {
  // Rows of several tables are named `table/row`.
  const { tables } = run.resolved as { tables?: unknown };
  return {
    intervals: await intervalsOf(items, run, spec),
    verdicts: await judgeClaims(items, spec, tables === undefined ? '' : `${spec.id}/`),
    notes: await meteorNotes(items, run, spec),
  };
}

/** The table with an interval in every cell of a row of ours that has its test items. */
function withJudgement(table: Table, { intervals, verdicts, notes }: Judgement): Table {
  return {
    ...table,
    rows: table.rows.map((line) => {
      if (line.imported) return line;
      const metrics = { ...line.metrics };
      for (const { row, metric, interval } of intervals) {
        const cell = metrics[metric];
        if (row === line.row && cell && interval) metrics[metric] = { ...cell, interval };
      }
      return { ...line, metrics };
    }),
    footnotes: [...notes, ...table.footnotes],
    ...(verdicts.length > 0 && { verdicts }),
  };
}

/** `prefix` stands before the names of the rows. */
async function judgeClaims(items: RunItems, { claims = [] }: TableSpec, prefix: string): Promise<Verdict[]> {
  if (claims.length === 0) return [];
  const { judge } = await import('@calm-orch/evaluator');
  const verdicts: Verdict[] = [];
  for (const claim of claims) {
    const rows = new Map<string, RowItems>();
    for (const row of [claim.row, ...claim.than]) rows.set(row, await items.itemsOf(prefix + row, claim.metric));
    verdicts.push(judge(claim, rows));
  }
  return verdicts;
}

async function intervalsOf(items: RunItems, run: RunRecord, spec: TableSpec): Promise<Judgement['intervals']> {
  const { meanIntervals } = await import('@calm-orch/evaluator');
  const cells = await Promise.all(
    rowsOfTable(run, spec.id).flatMap(({ row, shown }) =>
      spec.metrics.map(async (metric) => ({
        ...{ row: shown, metric },
        trials: [...(await items.itemsOf(row, metric)).values()],
      })),
    ),
  );
  const measured = cells.filter(({ trials }) => trials.length > 0);
  const intervals = meanIntervals(measured.map(({ trials }) => trials));
  return measured.map(({ row, metric }, i) => ({ row, metric, interval: intervals[i]! }));
}

/** Which of METEOR's modules took part: without all four a score is lower, and is not the paper's. */
async function meteorNotes(items: RunItems, run: RunRecord, { id, metrics }: TableSpec): Promise<string[]> {
  if (!metrics.includes('METEOR')) return [];
  const names = await Promise.all(rowsOfTable(run, id).map(({ row }) => items.meteorOf(row)));
  const different = [...new Set(names.flat())].sort();
  if (different.length === 0) return [];
  const words = different.map((name) => {
    const modules = /\((.*)\)/.exec(name)?.[1];
    return modules === undefined ? 'exact words, stems, synonyms and paraphrases' : modules;
  });
  const all = different.join() === 'METEOR';
  return [
    `METEOR matched ${words.join(' in some rows, in others ')}${all ? '' : '; --meteor-dir names the folder of METEOR 1.5, whose synonyms and paraphrases then count'}.`,
  ];
}

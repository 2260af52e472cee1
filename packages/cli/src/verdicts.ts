// A run's tables with what only the test items of its trials can tell: intervals, verdicts on the paper's claims, and what
// METEOR matched.
import type { TableSpec } from '@calm-orch/core';
import type { RowItems, Verdict } from '@calm-orch/evaluator';
import { collectTable, rowsOfTable, tablesOf, type RunRecord, type Table, type Tracker } from '@calm-orch/tracker';
import { openRunItems, type RunItems } from './trial-items.ts';

/** Every table of a run, judged; trials without a result, or whose artifact was freed, do not count. */
export async function collectJudgedTables(tracker: Tracker, run: RunRecord, dir: string): Promise<Table[]> {
  const judged: Table[] = [];
  const items = await openRunItems(tracker, run, dir);
  const specs = tablesOf(run);
  // Rows of several tables are named `table/row`.
  const { tables } = run.resolved as { tables?: unknown };
  for (const spec of specs) {
    const verdicts = await judgeClaims(items, spec, tables === undefined ? '' : `${spec.id}/`);
    const table = await withIntervals(items, run, spec, collectTable(tracker, run, spec));
    const notes = await meteorNotes(items, run, spec);
    judged.push({
      ...table,
      footnotes: [...notes, ...table.footnotes],
      ...(verdicts.length > 0 && { verdicts }),
    });
  }
  return judged;
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

/** The table with an interval in every cell of a row of ours that has its test items. */
async function withIntervals(items: RunItems, run: RunRecord, spec: TableSpec, table: Table): Promise<Table> {
  const { meanIntervals } = await import('@calm-orch/evaluator');
  const cells = await Promise.all(
    rowsOfTable(run, spec.id).flatMap(({ row, shown }) =>
      spec.metrics.map(async (metric) => ({
        ...{ shown, metric },
        trials: [...(await items.itemsOf(row, metric)).values()],
      })),
    ),
  );
  const measured = cells.filter(({ trials }) => trials.length > 0);
  const intervals = meanIntervals(measured.map(({ trials }) => trials));
  return {
    ...table,
    rows: table.rows.map((line) => {
      if (line.imported) return line;
      const metrics = { ...line.metrics };
      measured.forEach(({ shown, metric }, i) => {
        const [cell, interval] = [metrics[metric], intervals[i]];
        if (shown === line.row && cell && interval) metrics[metric] = { ...cell, interval };
      });
      return { ...line, metrics };
    }),
  };
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

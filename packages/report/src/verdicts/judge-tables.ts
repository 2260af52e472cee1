// A run's tables with what only the test items of its trials can tell: intervals, verdicts on the paper's claims, and what
// METEOR matched. Bootstraps take seconds, so they are remembered.
import type { TableMetric, TableSpec } from '@calm-orch/core';
import type { ArtifactFile, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import type { Interval, Table, Verdict } from '../table.ts';
import { collectTables } from '../tables/collect.ts';
import { isRehearsal, rowsOfTable, tablesOf } from '../tables/rows-of-table.ts';
import { meanIntervals } from './interval.ts';
import { remembered } from './judgement-cache.ts';
import { kindsMeasuring, openRunItems, type RunItems } from './run-items.ts';
import { judge, type RowItems } from './verdict.ts';

/** What a stage left, all of it. */
export interface WholeArtifact {
  readonly dir: string;
  /** As recorded; null where the stage is not recorded as succeeded any more. */
  readonly files: readonly ArtifactFile[] | null;
}

export interface JudgeOptions {
  /** Null where an artifact was freed or is damaged: such a trial does not count. */
  readonly artifactOf: (stage: RunStageRecord) => WholeArtifact | null;
  /** Where judgements are kept; null: nowhere. */
  readonly cacheDir: string | null;
}

/** What the test items tell of one table. */
interface Judgement {
  readonly intervals: readonly {
    /** As the table shows it. */
    readonly row: string;
    readonly metric: TableMetric;
    readonly interval: Interval | null;
  }[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** Every table of a run, judged; those of a rehearsal as they are. */
export async function judgeTables(
  tracker: Tracker,
  run: RunRecord,
  { artifactOf, cacheDir }: JudgeOptions,
): Promise<Table[]> {
  if (isRehearsal(run)) return collectTables(tracker, run);
  const specs = tablesOf(run);
  const metrics = specs.flatMap((spec) => [...spec.metrics, ...(spec.claims ?? []).map(({ metric }) => metric)]);
  const kinds = new Set(metrics.flatMap(kindsMeasuring));
  const stages = tracker.listRunStages(run.id).flatMap((stage) => {
    const artifact = kinds.has(stage.kind) && stage.status === 'succeeded' ? artifactOf(stage) : null;
    return artifact === null ? [] : [{ ...stage, artifact }];
  });
  const measuredOn = {
    specs,
    rows: specs.map(({ id }) => rowsOfTable(run, id).map(({ row, shown }) => [row, shown])),
    stages: stages.map(({ kind, key, trials, artifact }) => [kind, key, trials, artifact.files]),
  };
  const judgements = await remembered<Judgement[]>(cacheDir, measuredOn, async () => {
    const items = await openRunItems(stages);
    return Promise.all(specs.map((spec) => judgementOf(items, run, spec)));
  });
  return collectTables(tracker, run).map((table, i) => withJudgement(table, judgements[i]!));
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
    verdicts,
  };
}

/** `prefix` stands before the names of the rows. */
async function judgeClaims(items: RunItems, { claims = [] }: TableSpec, prefix: string): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const claim of claims) {
    const rows = new Map<string, RowItems>();
    for (const row of [claim.row, ...claim.than]) rows.set(row, await items.itemsOf(prefix + row, claim.metric));
    verdicts.push(judge(claim, rows));
  }
  return verdicts;
}

async function intervalsOf(items: RunItems, run: RunRecord, spec: TableSpec): Promise<Judgement['intervals']> {
  const cells = await Promise.all(
    rowsOfTable(run, spec.id).flatMap(({ row, shown }) =>
      spec.metrics.map(async (metric) => ({
        row: shown,
        metric,
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

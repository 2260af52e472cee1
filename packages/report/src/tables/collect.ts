// One run's table as numbers: rows x metrics over seeds beside the paper's values, and the baselines apart.
import type { ClaimBaseline, TableSpec } from '@calm-orch/core';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { tableVersion, type Cell, type Cells, type Table } from '../table.ts';
import { importedRows, importNotes } from './imported-rows.ts';
import { isRehearsal, isStudio, rowsOfTable, rowsOnValidation, tablesOf } from './rows-of-table.ts';

/** Metrics beside a row's own, by suffix: what the row would reach without looking, or without being trained for it. */
const besideRows: readonly (readonly [suffix: string, words: string])[] = [
  ['_permuted', 'test images permuted'],
  ['_chance', 'answers permuted over degradations' satisfies ClaimBaseline],
  ['_keywords', 'judged by keywords'],
  ['_agreement', 'share of equal verdicts of both judges'],
  ['_kappa', "Cohen's kappa of both judges"],
  ['_generic', "the generic model's scores"],
  ['_others', "the other annotators' mean rating"],
];

/** Counts of what is in no mean, with the words for it. */
const leftOutCounts: readonly (readonly [name: string, words: string])[] = [
  ['numUnjudged', 'judgements of suggestions were neither yes nor no, and count nowhere'],
  ['numAnnotatorsLeftOut', 'times a test annotator had rated too few photographs to be evaluated'],
];

/** What tables are read from: a tracker, or what somebody else knows of a run. */
export type TableSource = Pick<Tracker, 'trialMetrics' | 'listRunStages' | 'listImports'>;

/** Reads all tables of `run`, claims not judged; unfinished trials are simply not in the means. */
export function collectTables(tracker: TableSource, run: RunRecord): Table[] {
  const tables = tablesOf(run).map((spec) => collectTable(tracker, run, spec));
  return isRehearsal(run) ? tables.map(withoutComparison) : tables;
}

function withoutComparison(table: Table): Table {
  const bare = (own: Cells): Cells =>
    Object.fromEntries(Object.entries(own).map(([metric, cell]) => [metric, { ...cell, difference: null }]));
  const rows = table.rows.map((row) => ({ ...row, metrics: bare(row.metrics) }));
  return { ...table, rows, rehearsal: true };
}

function collectTable(tracker: TableSource, run: RunRecord, table: TableSpec): Table {
  const rows = rowsOfTable(run, table.id);
  const isOwn = new Set(rows.map(({ row }) => row));
  const trials = run.trials.filter(({ row }) => isOwn.has(row));
  const finished = tracker.trialMetrics(run.id);
  const valuesOf = (row: string, name: string) =>
    finished.filter((metric) => metric.row === row && metric.name === name).map(({ value }) => value);
  const beside = besideRows.flatMap(([suffix, words]) => {
    const metrics = table.metrics.filter((metric) =>
      finished.some((one) => isOwn.has(one.row) && one.name === metric + suffix),
    );
    return metrics.length === 0 ? [] : [{ suffix, words, metrics }];
  });
  const imported = importedRows(tracker, run, table, isOwn);
  const importedRow = (name: string, paper: Readonly<Record<string, number>> = {}) => {
    const own = imported.rows.find((row) => row.name === name);
    return {
      row: name,
      metrics: cells(table.metrics, (metric) => summarize([own?.metrics[metric] ?? null], paper[metric])),
      ...(own && { imported: own.imports }),
    };
  };
  const leftOut = leftOutCounts.flatMap(([name, words]) => {
    const counts = finished.filter((metric) => isOwn.has(metric.row) && metric.name === name);
    const sum = counts.reduce((total, { value }) => total + (value ?? 0), 0);
    return sum === 0 ? [] : [`${sum} ${words}.`];
  });
  const onValidation = rowsOnValidation(run, rows);
  const chosenOn = 'on the validation split, which chooses settings';
  const split =
    onValidation.length === rows.length
      ? [`All rows are evaluated ${chosenOn}.`]
      : [`Rows ${chosenOn}: ${onValidation.join(', ')}.`];
  const published = table.published ?? [];
  return {
    version: tableVersion,
    experiment: run.experiment,
    runId: run.id,
    table: table.id,
    title: table.title,
    metrics: table.metrics,
    rows: [
      ...published.map(({ row, paper }) => importedRow(row, paper)),
      ...imported.rows
        .filter(({ name }) => published.every(({ row }) => row !== name))
        .map(({ name }) => importedRow(name)),
      ...rows.map(({ row, shown, paper }) => ({
        row: shown,
        metrics: cells(table.metrics, (metric) => summarize(valuesOf(row, metric), paper[metric])),
      })),
    ],
    baselines: [
      ...baselines(tracker, run, table),
      ...beside.flatMap(({ suffix, words, metrics }) =>
        rows.map(({ row, shown }) => ({
          name: `${shown}, ${words}`,
          metrics: cells(metrics, (metric) => summarize(valuesOf(row, metric + suffix))),
        })),
      ),
    ],
    numTrials: trials.length,
    numFinished: trials.filter(({ status }) => status === 'succeeded').length,
    footnotes: [...(onValidation.length > 0 ? split : []), ...importNotes(imported), ...leftOut, ...table.footnotes],
    verdicts: [],
    ...(isStudio(run) && { data: 'studio' as const }),
  };
}

/** A baselines stage names its metrics `<name>/<metric>`. */
function baselines(
  tracker: TableSource,
  run: RunRecord,
  { metrics: shown, baselines: kinds = ['baselines'] }: TableSpec,
): { name: string; metrics: Cells }[] {
  const metrics: readonly string[] = shown;
  const found = new Map<string, Map<string, (number | null)[]>>();
  for (const stage of tracker.listRunStages(run.id)) {
    if (!kinds.includes(stage.kind) || stage.status !== 'succeeded') continue;
    for (const [key, value] of Object.entries(stage.result?.metrics ?? {})) {
      const slash = key.lastIndexOf('/');
      const [name, metric] = [key.slice(0, slash), key.slice(slash + 1)];
      if (slash < 0 || !metrics.includes(metric)) continue;
      const own = found.get(name) ?? new Map<string, (number | null)[]>();
      found.set(name, own.set(metric, [...(own.get(metric) ?? []), value]));
    }
  }
  return [...found].map(([name, own]) => {
    const present = metrics.filter((metric) => own.has(metric));
    return { name, metrics: cells(present, (metric) => summarize(own.get(metric)!)) };
  });
}

function cells(metrics: readonly string[], cell: (metric: string) => Cell): Cells {
  return Object.fromEntries(metrics.map((metric) => [metric, cell(metric)]));
}

/** Mean and sample standard deviation of the values there are. */
export function summarize(values: readonly (number | null)[], paper: number | null = null): Cell {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const n = present.length;
  if (n === 0) return { mean: null, std: null, n, values: [], paper, difference: null };
  const mean = present.reduce((sum, value) => sum + value, 0) / n;
  const squares = present.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const std = n < 2 ? null : Math.sqrt(squares / (n - 1));
  return { mean, std, n, values: present, paper, difference: paper === null ? null : mean - paper };
}

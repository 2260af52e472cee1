// One run's table as numbers: rows x metrics over seeds beside the paper's values, and the baselines apart.
import type { ResolvedExperiment } from '@calm-orch/core';
import type { Tracker } from '../tracker.ts';
import type { RunRecord } from '../types.ts';

/** `null` where there is none: no seed finished, fewer than two for std, no value in the paper. */
export type Cell = {
  readonly mean: number | null;
  /** Sample standard deviation over seeds. */
  readonly std: number | null;
  /** Seeds with a value. */
  readonly n: number;
  readonly paper: number | null;
  /** mean - paper. */
  readonly difference: number | null;
};

export type Cells = { readonly [metric: string]: Cell };

export type Table = {
  readonly experiment: string;
  readonly runId: string;
  /** Name of the table: stem of its ablation file. */
  readonly table: string;
  readonly title: string;
  /** Columns; empty for an experiment without a table. */
  readonly metrics: readonly string[];
  readonly rows: readonly { readonly row: string; readonly metrics: Cells }[];
  readonly baselines: readonly { readonly name: string; readonly metrics: Cells }[];
  readonly numTrials: number;
  /** Trials that have all their numbers. */
  readonly numFinished: number;
  readonly footnotes: readonly string[];
};

/** Evaluation with the test images shuffled among the answers: what the text alone is worth. */
const permutedSuffix = '_permuted';

/** Reads the table of `run`; unfinished trials are simply not in the means. */
export function collectTable(tracker: Tracker, run: RunRecord): Table {
  const { table, rows } = run.resolved as unknown as ResolvedExperiment;
  const finished = tracker.trialMetrics(run.id);
  const valuesOf = (row: string, name: string) =>
    finished.filter((metric) => metric.row === row && metric.name === name).map(({ value }) => value);
  const permuted = table.metrics.filter((metric) => finished.some(({ name }) => name === metric + permutedSuffix));
  return {
    ...{ experiment: run.experiment, runId: run.id, table: table.id, title: table.title, metrics: table.metrics },
    rows: [
      ...(table.published ?? []).map(({ row, paper }) => ({
        row,
        metrics: cells(table.metrics, (metric) => summarize([], paper[metric])),
      })),
      ...rows.map(({ row, paper }) => ({
        row,
        metrics: cells(table.metrics, (metric) => summarize(valuesOf(row, metric), paper[metric])),
      })),
    ],
    baselines: [
      ...baselines(tracker, run, table.metrics),
      ...(permuted.length === 0 ? [] : rows).map(({ row }) => ({
        name: `${row}, test images permuted`,
        metrics: cells(permuted, (metric) => summarize(valuesOf(row, metric + permutedSuffix))),
      })),
    ],
    numTrials: run.trials.length,
    numFinished: run.trials.filter(({ status }) => status === 'succeeded').length,
    footnotes: table.footnotes,
  };
}

/** A baselines stage names its metrics `<name>/<metric>`. */
function baselines(tracker: Tracker, run: RunRecord, metrics: readonly string[]): { name: string; metrics: Cells }[] {
  const found = new Map<string, Map<string, (number | null)[]>>();
  for (const stage of tracker.listRunStages(run.id)) {
    if (stage.kind !== 'baselines' || stage.status !== 'succeeded') continue;
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
  if (n === 0) return { mean: null, std: null, n, paper, difference: null };
  const mean = present.reduce((sum, value) => sum + value, 0) / n;
  const squares = present.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const std = n < 2 ? null : Math.sqrt(squares / (n - 1));
  return { mean, std, n, paper, difference: paper === null ? null : mean - paper };
}

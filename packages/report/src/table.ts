// A table of a run as one plain object. Its text, LaTeX, Markdown, CSV and JSON are pure functions of it, and it survives
// JSON itself: no field is undefined, a function or a number that is not finite.
import type { TableMetric } from '@calm-orch/core';
import type { ImportRecord } from '@calm-orch/tracker';

/** What `version` says: it grows once a field that is printed as JSON goes or changes its meaning. */
export const tableVersion = 2;

/** Low and high end. */
export type Interval = readonly [low: number, high: number];

/** `null` where there is none: no seed finished, fewer than two for std, no value in the paper. */
export type Cell = {
  readonly mean: number | null;
  /** Sample standard deviation over seeds. */
  readonly std: number | null;
  /** Seeds with a value. */
  readonly n: number;
  /** Their values, by seed. */
  readonly values: readonly number[];
  readonly paper: number | null;
  /** mean - paper. */
  readonly difference: number | null;
  /** 95 % interval of the mean over draws of test items. @default the row's test items are not there */
  readonly interval?: Interval;
};

export type Cells = { readonly [metric: string]: Cell };

/**
 * What became of a claim, or of one of its comparisons. `holds` and `does not hold` stand for `reproduced` and
 * `contradicted` where the claim is not the paper's. `undecided`: the results so far allow either; `not judged`: there is
 * nothing to judge by.
 */
export type VerdictWord =
  | 'reproduced'
  | 'reproduced, smaller than in the paper'
  | 'contradicted'
  | 'holds'
  | 'does not hold'
  | 'undecided'
  | 'not judged';

/** A claim's row against one of the rows, published models or baselines it is compared with (docs/verdicts.md). */
export type Comparison = {
  readonly than: string;
  readonly verdict: VerdictWord;
  /** Mean over the common seeds of the row's metric minus that of `than`. */
  readonly difference: number;
  /** 95 % interval of the difference over seeds and test items; with one seed over test items alone. */
  readonly interval: Interval;
  /** That the claim is not so: two-sided, after Holm over the claim's comparisons; null with one seed. */
  readonly p: number | null;
  /** The difference in the paper; null where it has none. */
  readonly effect: number | null;
  /** Of an undecided comparison: seeds that would decide it; null: decided, or more seeds alone would not. */
  readonly seedsToDecide: number | null;
};

/** What became of a claim. */
export type Verdict = {
  readonly claim: string;
  /** It is not the paper's: of a table without its numbers, or against a baseline. */
  readonly own?: true;
  readonly verdict: VerdictWord;
  readonly metric: TableMetric;
  readonly row: string;
  /** In the order of the claim's `than`; empty where the claim is not judged. */
  readonly comparisons: readonly Comparison[];
  /** Of the comparison that speaks least for the claim; null where there is none. */
  readonly difference: number | null;
  readonly interval: Interval | null;
  /** Why it is not judged, or cannot be decided yet. */
  readonly reason?: string;
};

/** Where an imported row's numbers come from, and what they were measured on. */
export type RowImport = Pick<ImportRecord, 'kind' | 'file' | 'sha256' | 'numItems' | 'missing' | 'unknown'>;

export type Table = {
  readonly version: number;
  readonly experiment: string;
  readonly runId: string;
  /** Name of the table: stem of its ablation file. */
  readonly table: string;
  readonly title: string;
  /** Columns; empty for an experiment without a table. */
  readonly metrics: readonly string[];
  readonly rows: readonly {
    readonly row: string;
    readonly metrics: Cells;
    /** @default the numbers are those of trials */
    readonly imported?: readonly RowImport[];
  }[];
  readonly baselines: readonly { readonly name: string; readonly metrics: Cells }[];
  readonly numTrials: number;
  /** Trials that have all their numbers. */
  readonly numFinished: number;
  readonly footnotes: readonly string[];
  /** In the order of the ablation file's claims; empty until they are judged, and in a rehearsal. */
  readonly verdicts: readonly Verdict[];
  /** Its numbers mean nothing, and none is compared with the paper's. */
  readonly rehearsal?: true;
  /** Its photographs are the embedded ones: text shows no difference from the paper's numbers, which are of AVA. */
  readonly data?: 'studio';
};

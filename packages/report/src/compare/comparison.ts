// Two runs side by side as one plain object: page, text and JSON are made of it alone, and it survives JSON itself.
import type { Json, TableMetric } from '@calm-orch/core';
import type { BandPoint } from '@calm-orch/tracker';
import type { Cell, Interval } from '../table.ts';

/** It grows once a field goes or changes its meaning. */
export const comparisonVersion = 1;

export type Side = 'a' | 'b';

export type RunComparison = {
  readonly version: number;
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  /** Leaves of the configuration that differ, by path; null: that run has none. */
  readonly configuration: readonly { readonly what: string; readonly a: Json; readonly b: Json }[];
  /** In order of A's tables, rows and metrics; what B has beside them follows. */
  readonly metrics: readonly ComparedMetric[];
  readonly curves: readonly ComparedChart[];
};

export type ComparedRun = {
  readonly run: string;
  readonly experiment: string;
  readonly title: string;
  readonly status: string;
  /** Its numbers mean nothing. */
  readonly rehearsal: boolean;
};

export type ComparedCell = Pick<Cell, 'mean' | 'std' | 'n' | 'values' | 'interval'>;

/** One metric of one row. */
export type ComparedMetric = {
  /** Id of the table the row stands in. */
  readonly table: string;
  readonly row: string;
  readonly metric: TableMetric;
  /** null: that run has no such row, or no value of it. */
  readonly a: ComparedCell | null;
  readonly b: ComparedCell | null;
  /** null: nothing can be paired. */
  readonly paired: PairedDifference | null;
  /** Why nothing can be paired, or why the interval covers test items alone; null: there is nothing to say. */
  readonly reason: string | null;
};

/** B minus A, the same seeds and test items in both. */
export type PairedDifference = {
  /** Mean over the seeds that both have. */
  readonly difference: number;
  /** 95 % interval over seeds and test items; with one seed over test items alone. */
  readonly interval: Interval;
  /** That there is no difference: two-sided; null where seeds do not vary. */
  readonly p: number | null;
  readonly seeds: readonly number[];
  readonly numItems: number;
};

/** A metric of training of one kind of stage: the seeds of each row of each run as a band. */
export type ComparedChart = {
  readonly stage: string;
  /** As recorded, such as `train/loss`. */
  readonly metric: string;
  readonly rows: readonly {
    readonly run: Side;
    readonly row: string;
    /** Whose curves the band is of. */
    readonly numCurves: number;
    /** `[step, mean, least, greatest]`. */
    readonly points: readonly BandPoint[];
  }[];
};

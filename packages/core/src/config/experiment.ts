// An experiment file, and what it resolves to: everything a run needs, as JSON that is stored with the run.
import { z } from 'zod';
import type { Json } from '../order/canonical.ts';
import { metricList, type Claim } from './ablation.ts';
import type { TableMetric } from './names.ts';
import type { Rehearsed } from './rehearse.ts';
import type { TrialConfig } from './schema.ts';

const workers = z.int().positive();

export const experimentFileSchema = z.strictObject({
  /** Stands above the table. @default the ablation's title */
  title: z.string().min(1).optional(),
  /** Path of an ablation file, relative to this file. */
  ablation: z.string().min(1).optional(),
  /** Paths of several ablation files: one run with all their tables, equal stages computed once. */
  ablations: z.array(z.string().min(1)).min(1).optional(),
  /** With an ablation: the names of the rows to run (all if absent). Without: the rows themselves. */
  rows: z.array(z.unknown()).min(1).optional(),
  /** Columns of the table. @default the ablation's, or PLCC and SRCC */
  metrics: metricList.optional(),
  /** Runs this one stage, with no rows: rebuilds the foundation checkpoint. */
  only: z.enum(['foundation']).optional(),
  /** Sizes of the models and lengths of training: `nano`, made for two cores, or the paper's. @default nano */
  preset: z.enum(['nano', 'paper']).optional(),
  /** The embedded data; `--data FILE` takes datasets of this machine instead. @default studio */
  data: z.enum(['studio']).optional(),
  /** Each row is trained once with each. @default [0] */
  seeds: z.array(z.int().nonnegative()).min(1).optional(),
  /** Processes that train; capped by the machine's GPUs or cores unless given on the command line. @default 8 */
  trainers: workers.optional(),
  /** Processes that make photographs and augmented pairs. @default 2 */
  augmentors: workers.optional(),
  /** Processes that predict and compute metrics. @default 1 */
  evaluators: workers.optional(),
  /** Settings for all rows, by dotted keys or nested; all else is the preset's. */
  set: z.record(z.string(), z.unknown()).nullish(),
});

export type ExperimentFile = z.infer<typeof experimentFileSchema>;

export type TableSpec = {
  /** Stem of the ablation file, or of the experiment file. */
  readonly id: string;
  readonly title: string;
  /** Empty for experiments without a table. */
  readonly metrics: readonly TableMetric[];
  readonly footnotes: readonly string[];
  /** Rows with the paper's numbers alone; absent in runs stored before there were any. */
  readonly published?: readonly { readonly row: string; readonly paper: { readonly [metric: string]: number } }[];
  /** Kinds of stages whose numbers are its baselines; absent in runs stored before there were several. */
  readonly baselines?: readonly string[];
  /** Claims about rows that are run. */
  readonly claims?: readonly Claim[];
};

export type ResolvedRow = {
  /** With several tables: `table/row`. */
  readonly row: string;
  /** Id of its table, where there are several. */
  readonly table?: string;
  /** Overrides by dotted key. */
  readonly set: { readonly [key: string]: Json };
  /** In a rehearsal: what it changes after that, and the models made for it. */
  readonly rehearsed?: Rehearsed;
  readonly paper: { readonly [metric: string]: number };
  /** Its own, where they are other than the experiment's. */
  readonly seeds?: readonly number[];
};

/** The JSON of a run: complete, canonical, enough to go on with the run when its file has changed or is gone. */
export type ResolvedExperiment = {
  readonly name: string;
  readonly title: string;
  readonly only: 'foundation' | null;
  readonly preset: 'nano' | 'paper';
  readonly seeds: readonly number[];
  readonly trainers: number;
  readonly augmentors: number;
  readonly evaluators: number;
  /** The first of `tables`. */
  readonly table: TableSpec;
  /** All tables, where there are several. */
  readonly tables?: readonly TableSpec[];
  /** The preset with the experiment's `set` and the command line's `--set`; rows override it. */
  readonly config: Omit<TrialConfig, 'seed'>;
  readonly rows: readonly ResolvedRow[];
  /** Its numbers mean nothing (rehearse.ts). */
  readonly rehearsal?: true;
  /** Rows whose claims are undecided get further seeds, until they have so many. */
  readonly untilDecided?: { readonly maxSeeds: number };
  /** Of such a run: the numbers of seeds at which its claims are looked at, so far. */
  readonly looks?: readonly number[];
};

export interface ExperimentRow extends Readonly<ResolvedRow> {
  config(seed: number): TrialConfig;
  /** The same, but of a rehearsal what is rehearsed. */
  fullConfig(seed: number): TrialConfig;
}

export interface Experiment extends Omit<ResolvedExperiment, 'rows'> {
  /** Absolute path of the experiment file. */
  readonly path: string;
  readonly rows: readonly ExperimentRow[];
  /** Of all that decides the results: configuration, rows and seeds, not the number of workers. */
  readonly hash: string;
  readonly resolved: Json;
}

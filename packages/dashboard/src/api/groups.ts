// What the page is told of trials that differ in their seed alone, over all runs: a metric's mean, deviation and number.
import { groupSorts } from '@calm-orch/tracker';
import { z } from 'zod';

export const groupsQuery = z.object({
  /** Separated by commas. @default the first two there are */
  metrics: z.string().max(300).default(''),
  /** Groups that have it are listed. @default the first of `metrics` */
  by: z.string().max(100).optional(),
  /** Stands in the experiment's name or the row's. */
  text: z.string().max(200).default(''),
  /** `mean`: of metric `by`. */
  sort: z.enum(groupSorts).default('newest'),
  order: z.enum(['ascending', 'descending']).default('descending'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(500).default(100),
});
export type GroupsQuery = z.infer<typeof groupsQuery>;

export const groupValue = z.object({
  mean: z.number().nullable(),
  /** Sample standard deviation; null: of fewer than two values. */
  std: z.number().nullable(),
  n: z.number().int(),
});
export type GroupValue = z.infer<typeof groupValue>;

export const groupLine = z.object({
  experiment: z.string(),
  row: z.string(),
  /** Hash of all that is set but the seed. */
  configuration: z.string(),
  /** The newest run that has one of them. */
  run: z.string(),
  seeds: z.array(z.number()),
  /** Of the metrics that were asked for, those the group has. */
  values: z.record(z.string(), groupValue),
});
export type GroupLine = z.infer<typeof groupLine>;

export const groupsAnswer = z.object({
  total: z.number().int(),
  /** All there are, in the order of tables. */
  metrics: z.array(z.string()),
  /** Those that were asked for, and by which groups are listed; null: there is none. */
  shown: z.array(z.string()),
  by: z.string().nullable(),
  groups: z.array(groupLine),
});
export type GroupsAnswer = z.infer<typeof groupsAnswer>;

// An ablation file: the rows of one of the paper's tables as overrides of a base, with the paper's numbers.
import { z } from 'zod';
import { claimMetrics, tableMetrics } from './names.ts';

const metricList = z.array(z.enum(tableMetrics)).min(1);

/** Dotted keys of the trial configuration. */
const overrides = z.record(z.string(), z.unknown());
/** What holds under one preset alone; it comes after `set`. */
const overridesByPreset = z.strictObject({ nano: overrides.optional(), paper: overrides.optional() });

/** A line of the table: what is other than in the rest of the experiment. */
export const rowSchema = z.strictObject({
  /** Its name. */
  row: z.string().min(1),
  /** Settings of this row alone. */
  set: overrides.optional(),
  /** Settings of this row under one preset alone; they come after `set`. */
  presets: overridesByPreset.optional(),
  /** The paper's value per metric; absent where the paper has none. */
  paper: z.partialRecord(z.enum(tableMetrics), z.number()).optional(),
});

/** A row of the paper's table that nothing here computes: other people's models. */
export const publishedSchema = z.strictObject({
  row: z.string().min(1),
  paper: z.partialRecord(z.enum(tableMetrics), z.number()),
});

/** A claim about rows of a table, the paper's or our own, to be judged on ours (docs/verdicts.md). */
export const claimSchema = z.strictObject({
  claim: z.string().min(1),
  metric: z.enum(claimMetrics),
  row: z.string().min(1),
  /** `better` than every row of `than`; `no better` than it by the margin; `close`: within the margin of it. */
  is: z.enum(['better', 'no better', 'close']),
  /** Rows, baselines, or published models, whose printed numbers are compared with where the data are the paper's. */
  than: z.array(z.string().min(1)).min(1),
  /** In units of the metric. @default for `better`: half the paper's effect; less than that contradicts the claim */
  margin: z.number().nonnegative().optional(),
  /** The paper's difference, where rows have no number of their own in the paper. */
  effect: z.number().optional(),
});

export const ablationFileSchema = z.strictObject({
  title: z.string().min(1),
  metrics: metricList,
  /** What all rows share; a row's own come after. */
  set: overrides.optional(),
  presets: overridesByPreset.optional(),
  rows: z.array(rowSchema).min(1),
  /** Printed above the rows, with the paper's numbers alone. */
  published: z.array(publishedSchema).optional(),
  /** What the paper says of its rows, and what we do. */
  claims: z.array(claimSchema).optional(),
  /** Sentences printed under the table. */
  footnotes: z.array(z.string()).optional(),
});

export { metricList };
export type RowFile = z.infer<typeof rowSchema>;
export type Claim = z.infer<typeof claimSchema>;
export type AblationFile = z.infer<typeof ablationFileSchema>;

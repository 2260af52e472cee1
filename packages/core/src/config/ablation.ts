// An ablation file: the rows of one of the paper's tables as overrides of a base, with the paper's numbers.
import { z } from 'zod';

/** Metrics a table may show; the evaluate stages compute them. */
export const tableMetrics = [
  'PLCC',
  'SRCC',
  'BLEU-1',
  'BLEU-2',
  'BLEU-3',
  'BLEU-4',
  'ROUGE-L',
  'CIDEr',
  'METEOR',
  'noise',
  'blur',
  'darker',
  'brighter',
  'dull',
  'crop',
  'average',
] as const;
export type TableMetric = (typeof tableMetrics)[number];

/** Metrics of generated comments: they need `evaluate.numComments` above 0. */
export const commentMetrics: readonly TableMetric[] = tableMetrics.slice(2, 9);

/** Accuracies of suggestions by degradation: they need `evaluate.suggestions`. */
export const suggestMetrics: readonly TableMetric[] = tableMetrics.slice(9);

/** Metrics of predicted scores: they need `evaluate.scores`. */
export const scoreMetrics: readonly TableMetric[] = tableMetrics.slice(0, 2);

const metricList = z.array(z.enum(tableMetrics)).min(1);

export const rowSchema = z.strictObject({
  row: z.string().min(1),
  /** Dotted keys of the trial configuration. */
  set: z.record(z.string(), z.unknown()).optional(),
  /** The paper's value per metric; absent where the paper has none. */
  paper: z.partialRecord(z.enum(tableMetrics), z.number()).optional(),
});

/** A row of the paper's table that nothing here computes: other people's models. */
export const publishedSchema = z.strictObject({
  row: z.string().min(1),
  paper: z.partialRecord(z.enum(tableMetrics), z.number()),
});

export const ablationFileSchema = z.strictObject({
  title: z.string().min(1),
  metrics: metricList,
  /** Dotted keys of the trial configuration that all rows share; a row's own come after. */
  set: z.record(z.string(), z.unknown()).optional(),
  rows: z.array(rowSchema).min(1),
  /** Printed above the rows, with the paper's numbers alone. */
  published: z.array(publishedSchema).optional(),
  /** Sentences printed under the table. */
  footnotes: z.array(z.string()).optional(),
});

export { metricList };
export type RowFile = z.infer<typeof rowSchema>;
export type AblationFile = z.infer<typeof ablationFileSchema>;

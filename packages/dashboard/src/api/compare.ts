// What the page is told of two runs side by side: the object that `calm-orch compare --json` prints, and its cells as text.
import type { BandPoint } from '@calm-orch/tracker';
import { z } from 'zod';

const json = z.unknown();
const interval = z.tuple([z.number(), z.number()]);

/** Runs, or experiments, whose newest run it is. */
export const compareQuery = z.object({ a: z.string().min(1).max(200), b: z.string().min(1).max(200) });

const comparedRun = z.object({
  run: z.string(),
  experiment: z.string(),
  title: z.string(),
  status: z.string(),
  rehearsal: z.boolean(),
});

const cell = z
  .object({
    mean: z.number().nullable(),
    std: z.number().nullable(),
    n: z.number().int(),
    values: z.array(z.number()),
    interval: interval.optional(),
  })
  .nullable();

const comparedMetric = z.object({
  table: z.string(),
  row: z.string(),
  metric: z.string(),
  a: cell,
  b: cell,
  /** B minus A; null: nothing can be paired. */
  paired: z
    .object({
      difference: z.number(),
      interval,
      p: z.number().nullable(),
      seeds: z.array(z.number()),
      numItems: z.number().int(),
    })
    .nullable(),
  reason: z.string().nullable(),
});
export type ComparedMetric = z.infer<typeof comparedMetric>;

const bandPoint: z.ZodType<BandPoint> = z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly();
const comparedChart = z.object({
  stage: z.string(),
  metric: z.string(),
  rows: z.array(
    z.object({
      run: z.enum(['a', 'b']),
      row: z.string(),
      numCurves: z.number().int(),
      points: z.array(bandPoint).readonly(),
    }),
  ),
});
export type ComparedChart = z.infer<typeof comparedChart>;

export const compareAnswer = z.object({
  comparison: z.object({
    version: z.number().int(),
    a: comparedRun,
    b: comparedRun,
    configuration: z.array(z.object({ what: z.string(), a: json, b: json })),
    metrics: z.array(comparedMetric),
    curves: z.array(comparedChart),
  }),
  /** As the command prints them, in the order of `metrics` and `configuration`. */
  words: z.object({
    metrics: z.array(z.object({ a: z.string(), b: z.string(), paired: z.string() })),
    configuration: z.array(z.object({ a: z.string(), b: z.string() })),
    notes: z.array(z.string()),
  }),
});
export type CompareAnswer = z.infer<typeof compareAnswer>;

// What the page is told of a run's tables: the objects that `tables --format json` prints, the same as lines of text, and the
// formats people paste.
import { z } from 'zod';

const interval = z.tuple([z.number(), z.number()]);

const verdictWord = z.enum([
  'reproduced',
  'reproduced, smaller than in the paper',
  'contradicted',
  'holds',
  'does not hold',
  'undecided',
  'not judged',
]);

const comparison = z.object({
  than: z.string(),
  verdict: verdictWord,
  difference: z.number(),
  interval,
  p: z.number().nullable(),
  effect: z.number().nullable(),
  seedsToDecide: z.number().nullable(),
});

/** The member of a table's JSON that the page draws; the rest passes as it is (docs/json.md). */
export const verdict = z.looseObject({
  claim: z.string(),
  own: z.boolean().optional(),
  verdict: verdictWord,
  metric: z.string(),
  row: z.string(),
  comparisons: z.array(comparison),
});
export type Verdict = z.infer<typeof verdict>;

const line = z.array(z.string());

/** A table as cells of text: name, one text for each column of all groups, n. */
export const layout = z.object({
  caption: z.string(),
  groups: z.array(z.object({ metric: z.string(), heads: z.array(z.string()) })),
  rows: z.array(line),
  baselines: z.array(line),
  claims: z.array(
    z.object({
      isOwn: z.boolean(),
      verdicts: z.array(
        z.object({
          verdict: verdictWord,
          claim: z.string(),
          evidence: z.string(),
          comparisons: z.array(z.object({ than: z.string(), verdict: verdictWord, evidence: z.string() })),
        }),
      ),
    }),
  ),
  notes: z.array(z.string()),
});
export type Layout = z.infer<typeof layout>;

export const tablesQuery = z.object({
  /** A run, or an experiment, whose newest run it is; without it the last run that has tables. */
  name: z.string().max(200).optional(),
});

export const tablesAnswer = z.object({
  run: z.string(),
  tables: z.array(
    z.object({ layout, json: z.looseObject({ table: z.string(), verdicts: z.array(verdict).optional() }) }),
  ),
  /** What `calm-orch tables --format …` prints, without the newline at the end. */
  copies: z.object({ latex: z.string(), markdown: z.string(), csv: z.string() }),
});
export type TablesAnswer = z.infer<typeof tablesAnswer>;

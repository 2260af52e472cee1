// Files of texts and numbers somebody else has made, to be scored with our metrics.
import { z } from 'zod';
import { CalmError, readJson } from '@calm-orch/core';

const captionsFile = z.object({
  items: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      references: z.array(z.string()).min(1, 'expected at least one reference'),
      candidate: z.string(),
    }),
  ),
});
const number = z.union([z.number(), z.null().transform(() => NaN)]);
const correlationFile = z.object({
  cases: z.array(
    z
      .object({ name: z.string(), predictions: z.array(number), targets: z.array(number) })
      .refine(({ predictions, targets }) => predictions.length === targets.length, {
        message: 'predictions and targets must have the same length',
      }),
  ),
});

export type CaptionsFile = z.infer<typeof captionsFile>;
export type CorrelationFile = z.infer<typeof correlationFile>;

/** `{"items":[{"id","references":[],"candidate"}]}`. @throws CalmError naming file and place. */
export function readCaptionsFile(path: string): CaptionsFile {
  return parse(path, captionsFile);
}

/** `{"cases":[{"name","predictions","targets"}]}`; null stands for a value that is not a number. */
export function readCorrelationFile(path: string): CorrelationFile {
  return parse(path, correlationFile);
}

function parse<T>(path: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(readJson(path));
  if (result.success) return result.data;
  const { path: where, message } = result.error.issues[0]!;
  throw new CalmError(
    'bad_data',
    `${path}: ${where
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .replace(/^\./, '')}: ${message}`,
  );
}

// The metrics of texts and numbers somebody else has made: files of `calm-orch metrics`.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CalmError } from '@calm-orch/core';
import { captionMetrics, captionMetricNames, type CaptionItem, type CaptionMetric } from './captions.ts';
import { plcc, srcc } from './correlation.ts';
import { meteor, meteorName } from './meteor/meteor.ts';
import type { MeteorSources } from './meteor/resources.ts';
import { ptbTokenize } from './ptb.ts';

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

export type TextMetric = CaptionMetric | 'METEOR';
export type TextScores = Readonly<Record<TextMetric, number | null>>;

export interface CaptionReport {
  readonly corpus: TextScores;
  readonly perItem: Readonly<Record<string, TextScores>>;
  /** What METEOR matched with: its column's full name. */
  readonly meteor: string;
}

export interface CorrelationReport {
  readonly cases: readonly {
    readonly name: string;
    readonly plcc: number | null;
    readonly srcc: number | null;
    readonly rmse: number | null;
  }[];
}

/** In the order they are printed. */
export const textMetricNames: readonly TextMetric[] = [...captionMetricNames, 'METEOR'];

/** `{"items":[{"id","references":[],"candidate"}]}`. @throws CalmError naming file and place. */
export async function captionReport(path: string, sources: MeteorSources = {}): Promise<CaptionReport> {
  const { items } = parse(path, captionsFile);
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) throw new CalmError('bad_data', `${path}: items have the id "${id}" twice; ids must differ`);
    seen.add(id);
  }
  return scoreCaptions(items, sources);
}

/** All caption metrics, METEOR with what resources there are. */
export async function scoreCaptions(
  items: readonly CaptionItem[],
  sources: MeteorSources = {},
): Promise<CaptionReport> {
  const { corpus, perItem } = captionMetrics(items);
  const tokenized = items.map(({ references, candidate }) => ({
    references: references.map(ptbTokenize),
    candidate: ptbTokenize(candidate),
  }));
  const meteors = await meteor(tokenized, sources);
  return {
    corpus: { ...corpus, METEOR: meteors.corpus },
    perItem: Object.fromEntries(perItem.map(({ id, scores }, i) => [id, { ...scores, METEOR: meteors.perItem[i]! }])),
    meteor: meteorName(meteors.modules),
  };
}

/** `{"cases":[{"name","predictions","targets"}]}`; null stands for a value that is not a number. */
export function correlationReport(path: string): CorrelationReport {
  const { cases } = parse(path, correlationFile);
  return {
    cases: cases.map(({ name, predictions, targets }) => ({
      name,
      plcc: plcc(predictions, targets),
      srcc: srcc(predictions, targets),
      rmse: rmse(predictions, targets),
    })),
  };
}

/** Root of the mean squared difference; null for no pairs and for values that are not finite. */
export function rmse(predictions: readonly number[], targets: readonly number[]): number | null {
  const sum = predictions.reduce((total, prediction, i) => total + (prediction - targets[i]!) ** 2, 0);
  const value = Math.sqrt(sum / predictions.length);
  return Number.isFinite(value) ? value : null;
}

function parse<T>(path: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CalmError('not_found', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CalmError('bad_data', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const result = schema.safeParse(value);
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

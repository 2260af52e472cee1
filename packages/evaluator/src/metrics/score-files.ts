// The metrics of texts and numbers somebody else has made: files of `calm-orch metrics`.
import { CalmError } from '@calm-orch/core';
import { readCaptionsFile, readCorrelationFile } from './metric-files.ts';
import { captionMetrics, captionMetricNames, type CaptionItem, type CaptionMetric } from './captions.ts';
import { plcc, srcc } from './correlation.ts';
import { meteor, meteorName } from './meteor/meteor.ts';
import type { MeteorSources } from './meteor/resources.ts';
import { ptbTokenize } from './ptb.ts';

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
  const { items } = readCaptionsFile(path);
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
  const { cases } = readCorrelationFile(path);
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

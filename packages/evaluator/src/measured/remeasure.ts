// The numbers of evaluation stages once more, from the files these have left: nothing but the files and the stage's slice of
// the configuration is needed, no model and no photograph. The same functions gave the numbers in the stage. Outside this
// package it is `@calm-orch/evaluator/remeasure`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type Json, type ScoreReadout, type StageKind } from '@calm-orch/core';
import { parseScore } from '../answers/read-score.ts';
import { commentsFile, readCommentsFile, type CommentsFile } from '../baselines/comments-file.ts';
import { scoreCaptions } from '../metrics/score-files.ts';
import { readScores } from '../test-items/read-answers.ts';
import { readRows } from '../test-items/read-rows.ts';
import { personalColumns, personalReport, type PersonalPrediction } from './personal.ts';
import { ridgeMetrics, type RidgePredictions } from './ridge-predictions.ts';
import { meanOf, scoreMetrics, scoresFile } from './scores.ts';
import { judgedSuggestions, suggestionMetrics, suggestionsText, type SuggestionsFile } from './suggestions.ts';

/** What each kind's numbers are measured from. */
export const measuredFiles: Readonly<Partial<Record<StageKind, readonly string[]>>> = {
  'evaluate-score': ['predictions.csv'],
  'evaluate-comment': ['comments.json'],
  'evaluate-suggest': ['suggestions.json'],
  'evaluate-personal': ['predictions.csv', 'annotators.csv'],
  baselines: ['predictions.csv'],
  'baselines-comment': ['comments.json'],
};

export interface Remeasured {
  /** Those of the stage's metrics that the files decide. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** What files hold where other parts of them decide it, whole. */
  readonly files: Readonly<Record<string, string>>;
}

interface EvaluationConfig {
  readonly seed: number;
  readonly evaluate: { readonly scoreReadout: ScoreReadout; readonly meteorDir?: string };
}

/**
 * @param dir Where the files of `measuredFiles` lie.
 * @param meteorDir METEOR's own folder, where it is there: METEOR with what it adds cannot be measured again without.
 * @throws CalmError `bad_data` for files that are not what the stage leaves
 */
export async function remeasure(
  { kind, config }: { readonly kind: StageKind; readonly config: Json },
  dir: string,
  { meteorDir }: { readonly meteorDir?: string | undefined } = {},
): Promise<Remeasured> {
  const { seed, evaluate } = config as unknown as EvaluationConfig;
  switch (kind) {
    case 'evaluate-score':
      return scores(dir, { seed, scoreReadout: evaluate.scoreReadout });
    case 'evaluate-comment':
      return comments(join(dir, 'comments.json'), meteorDir);
    case 'evaluate-suggest':
      return suggestions(join(dir, 'suggestions.json'));
    case 'evaluate-personal':
      return personal(join(dir, 'predictions.csv'), evaluate.scoreReadout);
    case 'baselines':
      return { metrics: ridge(join(dir, 'predictions.csv')), files: {} };
    case 'baselines-comment': {
      const isPlain = evaluate.meteorDir === undefined || meteorDir !== undefined;
      return { metrics: await baselineComments(join(dir, 'comments.json'), meteorDir, isPlain), files: {} };
    }
    default:
      throw new CalmError('internal', `a stage ${kind} leaves nothing to measure`);
  }
}

function scores(dir: string, how: { readonly seed: number; readonly scoreReadout: ScoreReadout }): Remeasured {
  const rows = readRows(join(dir, 'predictions.csv'), 3, 'an image, its score, a prediction and an expectation');
  const texts = readScores(dir).map(({ answer }) => answer);
  const targets = rows.map(({ numbers }) => numbers[0]!);
  const expected = rows.map(({ numbers }) => numbers[2]!);
  const mean = meanOf(targets);
  const parsed = texts.map((text) => parseScore(text));
  const predictions = how.scoreReadout === 'text' ? parsed.map((score) => score ?? mean) : expected;
  const predicted = { ids: rows.map(({ id }) => id), targets, predictions, expected, texts };
  return {
    metrics: {
      ...scoreMetrics(predicted, how),
      ...(how.scoreReadout === 'text' && { unparsed: parsed.filter((score) => score === null).length }),
    },
    files: { 'predictions.csv': scoresFile(predicted) },
  };
}

async function comments(path: string, meteorDir: string | undefined): Promise<Remeasured> {
  const { items, meteor } = readCommentsFile(path);
  const report = await scoreCaptions(items, { meteorDir });
  const isSame = meteor === undefined || meteor.name === report.meteor;
  const { METEOR, ...others } = report.corpus;
  return {
    metrics: { ...others, ...(isSame && { METEOR }), numComments: items.length },
    files: isSame && meteor !== undefined ? { 'comments.json': commentsFile(items, report) } : {},
  };
}

async function baselineComments(
  path: string,
  meteorDir: string | undefined,
  isPlain: boolean,
): Promise<Record<string, number | null>> {
  const written = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, CommentsFile>>;
  const metrics: Record<string, number | null> = {};
  for (const [name, { items }] of Object.entries(written)) {
    const { corpus } = await scoreCaptions(items, { meteorDir });
    for (const [metric, value] of Object.entries(corpus))
      if (isPlain || metric !== 'METEOR') metrics[`${name}/${metric}`] = value;
  }
  return metrics;
}

function suggestions(path: string): Remeasured {
  const file = JSON.parse(readFileSync(path, 'utf8')) as SuggestionsFile;
  if (file.judge !== 'keywords') {
    const hasVerdicts = [...file.items, ...(file.unjudged ?? [])].every(({ verdicts }) => verdicts !== undefined);
    return { metrics: hasVerdicts ? suggestionMetrics(file) : {}, files: {} };
  }
  const answers = file.items.map(({ photo, crop, degradation, answer }) => ({ photo, crop, degradation, answer }));
  const judged = judgedSuggestions(answers, file.judge, null);
  return { metrics: suggestionMetrics(judged), files: { 'suggestions.json': suggestionsText(judged) } };
}

function personal(path: string, scoreReadout: ScoreReadout): Remeasured {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const columns = head.split(',');
  const predictions = lines.map((line, i) => {
    const cells = line.split(',');
    const value = (name: string): string => cells[columns.indexOf(name)] ?? '';
    const numbers = personalColumns.slice(2).map((name) => [name, columns.includes(name) ? Number(value(name)) : 0]);
    if (cells.length !== columns.length || numbers.some(([, number]) => !Number.isFinite(number)))
      throw new CalmError('bad_data', `${path}:${i + 2}: expected ${head}, got '${line}'`);
    return { worker: value('worker'), image: value('image'), ...Object.fromEntries(numbers) } as PersonalPrediction;
  });
  const { metrics, annotators } = personalReport(predictions, scoreReadout);
  // Earlier versions left neither the generic model's scores nor those of the others.
  const left = Object.entries(metrics).filter(
    ([name]) => columns.includes('generic') || !['SRCC_generic', 'SRCC_others'].includes(name),
  );
  return { metrics: Object.fromEntries(left), files: { 'annotators.csv': annotators } };
}

function ridge(path: string): Record<string, number | null> {
  const baselines = new Map<string, { ids: string[]; targets: number[]; predictions: number[] }>();
  for (const { id: name, rest } of readRows(path, 0, '')) {
    const [image = '', ...numbers] = rest.split(',');
    const [target, prediction] = numbers.map(Number);
    if (numbers.length !== 2 || !Number.isFinite(target) || !Number.isFinite(prediction))
      throw new CalmError(
        'bad_data',
        `${path}: expected a baseline, an image, its score and a prediction, got '${name},${rest}'`,
      );
    const own = baselines.get(name) ?? { ids: [], targets: [], predictions: [] };
    baselines.set(name, own);
    own.ids.push(image);
    own.targets.push(target!);
    own.predictions.push(prediction!);
  }
  return Object.fromEntries(
    [...baselines].flatMap(([name, own]) =>
      Object.entries(ridgeMetrics({ name, ...own } satisfies RidgePredictions)).map(([metric, value]) => [
        `${name}/${metric}`,
        value,
      ]),
    ),
  );
}

// The test items of a trial or baseline, from the files their stages leave in their artifacts. Outside this package it is
// `@calm-orch/evaluator/test-items`, which loads metrics and no model.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type ClaimBaseline, type StageKind, type TableMetric } from '@calm-orch/core';
import type { DegradationName } from '@calm-orch/datasets';
import { keywordJudge } from '../answers/suggestion-judge.ts';
import { readCommentsFile, type CommentsFile } from '../baselines/comments-file.ts';
import { captionMetrics, type CaptionMetric, type CaptionMetrics } from '../metrics/captions.ts';
import { scoreCaptions } from '../metrics/score-files.ts';
import { readRows } from './read-rows.ts';
import { bleuOfItems, meanOfItems, plccOfItems, rmseOfItems, srccOfItems, type TestItems } from './test-items.ts';

export { meanOfItems, plccOfItems, srccOfItems, type TestItems };

/** What an artifact holds: test items by metric, and what METEOR matched where there are a trial's comments. */
export interface TrialItems {
  /** @param baseline Whose they are. @default the trial's own. @returns Undefined where there are none of it. */
  of(metric: TableMetric, baseline?: ClaimBaseline): TestItems | undefined;
  readonly meteor?: string;
}

/** Reads `dir`, the artifact of a stage of `kind`, once for all metrics. @throws CalmError `bad_data` naming file and line. */
export async function readTrialItems(kind: StageKind, dir: string): Promise<TrialItems> {
  switch (kind) {
    case 'evaluate-personal': {
      const items = readAnnotators(join(dir, 'annotators.csv'));
      return { of: () => items };
    }
    case 'evaluate-suggest':
      return { of: readSuggestions(join(dir, 'suggestions.json')) };
    case 'evaluate-score':
      return { of: scoreItems(join(dir, 'predictions.csv')) };
    case 'evaluate-comment':
      return readComments(join(dir, 'comments.json'));
    case 'baselines-comment':
      return { of: readBaselineComments(join(dir, 'comments.json')) };
    default:
      throw new CalmError('internal', `a stage ${kind} leaves no test items`);
  }
}

function scoreItems(path: string): (metric: TableMetric) => TestItems {
  const { ids, targets, predictions } = readPredictions(path);
  const ofMetric: Partial<Record<TableMetric, typeof plccOfItems>> = {
    PLCC: plccOfItems,
    SRCC: srccOfItems,
    RMSE: rmseOfItems,
  };
  const truth = targets.join();
  return (metric) => ({ ...ofMetric[metric]!(ids, predictions, targets), truth });
}

/** Lines of `worker,SRCC`: an annotator is an item. */
function readAnnotators(path: string): TestItems {
  const rows = readRows(path, 1, 'an annotator and a correlation');
  return meanOfItems(
    rows.map(({ id }) => id),
    rows.map(({ numbers }) => numbers[0]!),
  );
}

/**
 * Every degradation has as many answers, so the mean over answers is that over degradations. Answers about one photograph,
 * whatever its crop and degradation, are a cluster. Permuted over degradations, an answer is right for the share of them
 * that it names: known where keywords judge, since a language model's verdicts on other degradations are not kept.
 */
function readSuggestions(path: string): TrialItems['of'] {
  const { judge, items } = JSON.parse(readFileSync(path, 'utf8')) as { judge: string; items: JudgedAnswer[] };
  const ids = items.map(({ photo, crop, degradation }) => `${photo}/${crop}/${degradation}`);
  const degradations = [...new Set(items.map(({ degradation }) => degradation))];
  const photos = items.map(({ photo }) => photo);
  const meanOf = (value: (item: JudgedAnswer) => number | null) => meanOfItems(ids, items.map(value), photos);
  const shareNamed = ({ answer }: JudgedAnswer) =>
    degradations.filter((one) => keywordJudge(one, answer)).length / degradations.length;
  return (metric, baseline) => {
    if (baseline !== undefined) return judge === 'keywords' ? meanOf(shareNamed) : undefined;
    return meanOf(({ degradation, right }) => (metric === 'average' || metric === degradation ? Number(right) : null));
  };
}

interface JudgedAnswer {
  readonly photo: string;
  readonly crop: number;
  readonly degradation: DegradationName;
  readonly answer: string;
  readonly right: boolean;
}

/** Lines of `image,target,score,expectation,"text"`. */
export function readPredictions(path: string) {
  const rows = readRows(path, 2, 'an image, its score and a prediction');
  return {
    ids: rows.map(({ id }) => id),
    targets: rows.map(({ numbers }) => numbers[0]!),
    predictions: rows.map(({ numbers }) => numbers[1]!),
  };
}

/** CIDEr, ROUGE-L and METEOR are each comment's own; CIDEr's document frequencies are those of all comments, whatever is drawn. */
async function readComments(path: string): Promise<TrialItems> {
  const { items, meteor } = readCommentsFile(path);
  const ids = items.map(({ id }) => id);
  const { perItem, bleuStatistics } = captionMetrics(items);
  const known = meteor ?? (await meteorOf(items));
  const truth = JSON.stringify(items.map(({ references }) => references));
  const itemsOf = (metric: TableMetric): TestItems => {
    if (metric === 'METEOR') return meanOfItems(ids, known.scores);
    const order = /^BLEU-(\d)$/.exec(metric)?.[1];
    if (order !== undefined) return bleuOfItems(ids, bleuStatistics, Number(order));
    return meansOf(perItem, metric);
  };
  return { meteor: known.name, of: (metric) => ({ ...itemsOf(metric), truth }) };
}

/** Comments by the baseline's name; CIDEr and ROUGE-L alone. */
function readBaselineComments(path: string): TrialItems['of'] {
  const written = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, CommentsFile>>;
  return (metric, baseline) => {
    const own = baseline && written[baseline];
    return own && meansOf(captionMetrics(own.items).perItem, metric);
  };
}

function meansOf(perItem: CaptionMetrics['perItem'], metric: TableMetric): TestItems {
  return meanOfItems(
    perItem.map(({ id }) => id),
    perItem.map(({ scores }) => scores[metric as CaptionMetric]),
  );
}

async function meteorOf(items: Parameters<typeof scoreCaptions>[0]) {
  const { meteor: name, perItem } = await scoreCaptions(items);
  return { name, scores: items.map(({ id }) => perItem[id]!.METEOR) };
}

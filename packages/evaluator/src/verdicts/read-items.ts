// The test items of a trial, from the files its evaluate stages leave in their artifacts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertNever, CalmError, type Claim, type StageKind } from '@calm-orch/core';
import type { CaptionItem } from '../metrics/captions.ts';
import { scoreCaptions, type TextMetric } from '../metrics/score-files.ts';
import { meanOfItems, plccOfItems, srccOfItems, type TestItems } from './test-items.ts';

/** The kinds of stages whose artifacts hold what a metric was measured on; a trial has one of them. */
export function stagesOfMetric(metric: Claim['metric']): readonly StageKind[] {
  switch (metric) {
    case 'PLCC':
      return ['evaluate-score'];
    case 'SRCC':
      return ['evaluate-score', 'evaluate-personal'];
    case 'average':
      return ['evaluate-suggest'];
    case 'ROUGE-L':
    case 'CIDEr':
    case 'METEOR':
      return ['evaluate-comment'];
    default:
      return assertNever(metric);
  }
}

/** Reads `dir`, the artifact of a stage of `kind`. @throws CalmError `bad_data` naming file and line. */
export async function readTestItems(kind: StageKind, dir: string, metric: Claim['metric']): Promise<TestItems> {
  if (kind === 'evaluate-personal') return readAnnotators(join(dir, 'annotators.csv'));
  if (kind === 'evaluate-suggest') return readSuggestions(join(dir, 'suggestions.json'));
  if (metric === 'PLCC' || metric === 'SRCC') {
    const { ids, targets, predictions } = readPredictions(join(dir, 'predictions.csv'));
    return (metric === 'PLCC' ? plccOfItems : srccOfItems)(ids, predictions, targets);
  }
  if (metric === 'average') throw new CalmError('internal', `${kind} measures no accuracy`);
  return readComments(join(dir, 'comments.json'), metric);
}

/** Lines of `worker,SRCC`: an annotator is an item. */
function readAnnotators(path: string): TestItems {
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const rows = lines.map((line, i) => {
    const [id = '', value = ''] = line.split(',');
    if (value === '' || !Number.isFinite(Number(value)))
      throw new CalmError('bad_data', `${path}:${i + 2}: expected an annotator and a correlation, got '${line}'`);
    return { id, value: Number(value) };
  });
  return meanOfItems(
    rows.map(({ id }) => id),
    rows.map(({ value }) => value),
  );
}

/** Every degradation has as many answers, so the mean over answers is that over degradations. */
function readSuggestions(path: string): TestItems {
  const { items } = JSON.parse(readFileSync(path, 'utf8')) as {
    items: { photo: string; crop: number; degradation: string; right: boolean }[];
  };
  return meanOfItems(
    items.map(({ photo, crop, degradation }) => `${photo}/${crop}/${degradation}`),
    items.map(({ right }) => Number(right)),
  );
}

/** Lines of `image,target,score,expectation,"text"`. */
export function readPredictions(path: string) {
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const rows = lines.map((line, i) => {
    const [id = '', ...cells] = line.split(',', 3);
    const [target, prediction] = cells.map(Number);
    if (!Number.isFinite(target) || !Number.isFinite(prediction))
      throw new CalmError('bad_data', `${path}:${i + 2}: expected an image, its score and a prediction, got '${line}'`);
    return { id, target: target!, prediction: prediction! };
  });
  return {
    ids: rows.map(({ id }) => id),
    targets: rows.map(({ target }) => target),
    predictions: rows.map(({ prediction }) => prediction),
  };
}

/** A metric of each comment; CIDEr's document frequencies are those of all comments, whatever is drawn of them. */
async function readComments(path: string, metric: TextMetric): Promise<TestItems> {
  const items = readCommentItems(path);
  const { perItem } = await scoreCaptions(items);
  return meanOfItems(
    items.map(({ id }) => id),
    items.map(({ id }) => perItem[id]![metric]),
  );
}

/** What stage evaluate-comment leaves: test photographs with their references and the comment made. */
export function readCommentItems(path: string): CaptionItem[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { items: CaptionItem[] }).items;
}

// The test items of a trial, from the files its evaluate stages leave in their artifacts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, type Claim, type StageKind } from '@calm-orch/core';
import { scoreCaptions, type TextMetric } from '../metrics/score-files.ts';
import { meanOfItems, plccOfItems, srccOfItems, type TestItems } from './test-items.ts';

/** The stage whose artifact holds what a metric was measured on. */
export function stageOfMetric(metric: Claim['metric']): StageKind {
  return metric === 'PLCC' || metric === 'SRCC' ? 'evaluate-score' : 'evaluate-comment';
}

/** Reads `dir`, the artifact of `stageOfMetric(metric)`. @throws CalmError `bad_data` naming file and line. */
export async function readTestItems(dir: string, metric: Claim['metric']): Promise<TestItems> {
  if (metric === 'PLCC' || metric === 'SRCC') {
    const { ids, targets, predictions } = readPredictions(join(dir, 'predictions.csv'));
    return (metric === 'PLCC' ? plccOfItems : srccOfItems)(ids, predictions, targets);
  }
  return readComments(join(dir, 'comments.json'), metric);
}

/** Lines of `image,target,score,expectation,"text"`. */
function readPredictions(path: string) {
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
  const { items } = JSON.parse(readFileSync(path, 'utf8')) as { items: Parameters<typeof scoreCaptions>[0] };
  const { perItem } = await scoreCaptions(items);
  return meanOfItems(
    items.map(({ id }) => id),
    items.map(({ id }) => perItem[id]![metric]),
  );
}

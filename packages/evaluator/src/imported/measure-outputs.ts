// Other people's outputs under the metrics of the tables, on the test items a trial was evaluated on. As with a trial's
// answers, a photograph without one counts: nobody gains by leaving out what is hard.
import { join } from 'node:path';
import { CalmError, type StageKind } from '@calm-orch/core';
import { plcc, srcc } from '../metrics/correlation.ts';
import type { MeteorSources } from '../metrics/meteor/resources.ts';
import { rmse, scoreCaptions } from '../metrics/score-files.ts';
import { readCommentsFile } from '../baselines/comments-file.ts';
import { readPredictions } from '../test-items/read-items.ts';
import { photographName, type Output, type OutputColumn } from './read-outputs.ts';

/** The stage whose test items outputs of each column are measured on. */
export const stageOfColumn = {
  score: 'evaluate-score',
  comment: 'evaluate-comment',
} as const satisfies Readonly<Record<OutputColumn, StageKind>>;

export interface MeasuredOutputs {
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly numItems: number;
  /** Test photographs without an output, in order. */
  readonly missing: readonly string[];
  /** Outputs of photographs that are not among the test items. */
  readonly unknown: readonly Output<unknown>[];
}

/**
 * PLCC, SRCC and RMSE on the items of `dir`, the artifact of a stage evaluate-score. A missing photograph counts as the
 * mean of the scores that are there: outputs may have another scale than the targets.
 * @throws CalmError `bad_data` when no photograph is a test item.
 */
export function measureScores(outputs: ReadonlyMap<string, Output<number>>, dir: string): MeasuredOutputs {
  const { ids, targets } = readPredictions(join(dir, 'predictions.csv'));
  const { found, missing, unknown } = matchItems(outputs, ids);
  const present = found.filter((score) => score !== null);
  const mean = present.reduce((sum, score) => sum + score, 0) / present.length;
  const predictions = found.map((score) => score ?? mean);
  return {
    metrics: {
      PLCC: plcc(predictions, targets),
      SRCC: srcc(predictions, targets),
      RMSE: rmse(predictions, targets),
    },
    numItems: ids.length,
    missing,
    unknown,
  };
}

/**
 * The caption metrics on the items of `dir`, the artifact of a stage evaluate-comment, METEOR with the sources the stage had.
 * A missing comment is empty.
 */
export async function measureComments(
  outputs: ReadonlyMap<string, Output<string>>,
  dir: string,
  sources: MeteorSources = {},
): Promise<MeasuredOutputs> {
  const { items } = readCommentsFile(join(dir, 'comments.json'));
  const { found, missing, unknown } = matchItems(
    outputs,
    items.map(({ id }) => id),
  );
  const { corpus } = await scoreCaptions(
    items.map((item, i) => ({ ...item, candidate: found[i] ?? '' })),
    sources,
  );
  return { metrics: corpus, numItems: items.length, missing, unknown };
}

function matchItems<T>(outputs: ReadonlyMap<string, Output<T>>, ids: readonly string[]) {
  const found = ids.map((id) => outputs.get(photographName(id))?.value ?? null);
  const missing = ids.filter((_, i) => found[i] === null);
  if (missing.length === ids.length) {
    const [given] = outputs.values();
    const named = given === undefined ? 'there is no answer in it' : `the first is ${given.image}, line ${given.line}`;
    throw new CalmError(
      'bad_data',
      `no photograph of the file is a test photograph: they are named like ${ids.slice(0, 3).join(', ')}; ${named}`,
    );
  }
  const known = new Set(ids.map(photographName));
  const unknown = [...outputs].filter(([name]) => !known.has(name)).map(([, output]) => output);
  return { found, missing, unknown };
}

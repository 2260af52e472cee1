// What evaluation stages predicted of each test item, as rows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageKind } from '@calm-orch/core';
import { readComments, readScores, readSuggestions } from '@calm-orch/evaluator/answers';

export type Cell = string | number | boolean | null;
/** The first row names the columns. */
export type Predictions = readonly (readonly Cell[])[];

/** @param dir Artifact of a stage. @returns null for a kind that predicts nothing. @throws CalmError `bad_data` */
export function readStagePredictions(kind: StageKind, dir: string): Predictions | null {
  switch (kind) {
    case 'evaluate-score':
      return [
        ['image', 'target', 'prediction', 'answer'],
        ...readScores(dir).map(({ id, target, prediction, answer }) => [id, target, prediction, answer]),
      ];
    case 'evaluate-comment':
      return [
        ['image', 'comment', 'METEOR', 'references'],
        ...readComments(dir).map(({ id, candidate, meteor, references }) => [
          ...[id, candidate, meteor],
          JSON.stringify(references),
        ]),
      ];
    case 'evaluate-suggest':
      return [
        ['photo', 'crop', 'degradation', 'answer', 'right', 'keywords'],
        ...readSuggestions(dir).answers.map(({ photo, crop, degradation, answer, right, keywords }) => {
          return [photo, crop, degradation, answer, right, keywords];
        }),
      ];
    case 'evaluate-personal':
      // No cell holds a comma.
      return readFileSync(join(dir, 'predictions.csv'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(','));
    default:
      return null;
  }
}

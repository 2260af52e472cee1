// What was predicted of the photographs that one trial was evaluated on, for the report and for `show --plot`.
import { join } from 'node:path';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { shownEvaluation, type Evaluation } from './evaluations.ts';

export interface Scores {
  readonly evaluation: Evaluation;
  /** Of the photographs. */
  readonly ids: readonly string[];
  readonly targets: readonly number[];
  readonly predictions: readonly number[];
}

/** null: none was scored (yet), or nothing of it is left. @throws CalmError `bad_data` naming file and line */
export async function shownScores(tracker: Tracker, run: RunRecord, dir: string): Promise<Scores | null> {
  const file = 'predictions.csv';
  const evaluation = shownEvaluation(tracker, run, dir, { kind: 'evaluate-score', file });
  if (evaluation === null) return null;
  const { readPredictions } = await import('@calm-orch/evaluator/test-items');
  return { evaluation, ...readPredictions(join(evaluation.dir, file)) };
}

/** Pairs of score and prediction, at most `count`, evenly over the scores. */
export function somePoints({ targets, predictions }: Pick<Scores, 'targets' | 'predictions'>, count: number) {
  const order = targets.map((_, i) => i).sort((a, b) => targets[a]! - targets[b]! || a - b);
  const shown = Math.min(count, order.length);
  return Array.from({ length: shown }, (_, i) => {
    const at = order[Math.floor((i * order.length) / shown)]!;
    return [targets[at]!, predictions[at]!] as const;
  });
}

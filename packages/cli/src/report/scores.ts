// What was predicted of the photographs that one trial was evaluated on, for the report and for `show --plot`.
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { ScoredPhoto } from '@calm-orch/evaluator/answers';
import type { RunRecord, Tracker } from '@calm-orch/tracker';
import { trialPhotographs } from './trial-photographs.ts';
import { shownEvaluation } from './evaluations.ts';

export interface Scores {
  /** Row and seed in words. */
  readonly by: string;
  readonly photographs: readonly Pick<ScoredPhoto, 'id' | 'target' | 'prediction'>[];
}

/** null: none was scored (yet), or nothing of it is left. @throws CalmError `bad_data` naming file and line */
export async function shownScores(tracker: Tracker, run: RunRecord, dir: string): Promise<Scores | null> {
  const photographs = trialPhotographs(layoutOf(dir));
  const evaluation = shownEvaluation(tracker, run, photographs, 'evaluate-score');
  if (evaluation === null) return null;
  return { by: evaluation.words, photographs: await photographs.scores(evaluation.stage) };
}

/** Pairs of score and prediction, at most `count`, evenly over the scores. */
export function somePoints(scored: readonly Pick<ScoredPhoto, 'target' | 'prediction'>[], count: number) {
  const order = [...scored].sort((a, b) => a.target - b.target);
  const shown = Math.min(count, order.length);
  return Array.from({ length: shown }, (_, i) => {
    const { target, prediction } = order[Math.floor((i * order.length) / shown)]!;
    return [target, prediction] as const;
  });
}

// What each baseline predicts of the test items, as stage `baselines` leaves it, and its metrics.
import { plcc, srcc } from '../metrics/correlation.ts';

/** A baseline's predictions, in the order of the test items. */
export interface RidgePredictions {
  /** `ridge last layer`. */
  readonly name: string;
  readonly ids: readonly (string | number)[];
  readonly targets: readonly number[];
  readonly predictions: ArrayLike<number>;
}

export function ridgeMetrics({ predictions, targets }: RidgePredictions) {
  return { PLCC: plcc(predictions, targets), SRCC: srcc(predictions, targets) };
}

/** predictions.csv; no name holds a comma. */
export function ridgeFile(baselines: readonly RidgePredictions[]): string {
  const lines = baselines.flatMap(({ name, ids, targets, predictions }) =>
    ids.map((id, i) => `${name},${id},${targets[i]},${predictions[i]}\n`),
  );
  return `baseline,image,target,prediction\n${lines.join('')}`;
}

// The metrics of predicted scores: what stage `evaluate-score` gives, as a function of the lines it leaves.
import { rng, type ScoreReadout } from '@calm-orch/core';
import { parseScore } from '../answers/read-score.ts';
import { plcc, srcc } from '../metrics/correlation.ts';
import { rmse } from '../metrics/score-files.ts';

/** Lists in the order of the test items. */
export interface PredictedScores {
  readonly ids: readonly (string | number)[];
  readonly targets: readonly number[];
  /** By the read-out asked for; the mean of the targets where an answer holds no score. */
  readonly predictions: readonly number[];
  /** The expectation over digits, or over levels. */
  readonly expected: readonly number[];
  readonly texts: readonly string[];
}

const numPermutations = 20;

/** The least informed guess, which an answer without a number counts as, so that no row gains by refusing. */
export const meanOf = (targets: readonly number[]): number => targets.reduce((a, b) => a + b, 0) / targets.length;

/** Without `unparsed`, which not every read-out leaves behind. */
export function scoreMetrics(
  { targets, predictions, expected, texts }: PredictedScores,
  { seed, scoreReadout }: { readonly seed: number; readonly scoreReadout: ScoreReadout },
): Record<string, number | null> {
  const mean = meanOf(targets);
  return {
    PLCC: plcc(predictions, targets),
    SRCC: srcc(predictions, targets),
    RMSE: rmse(predictions, targets),
    PLCC_permuted: permutedMean(plcc, predictions, targets, seed),
    SRCC_permuted: permutedMean(srcc, predictions, targets, seed),
    ...(scoreReadout !== 'levels' && {
      PLCC_text: plcc(
        texts.map((text) => parseScore(text) ?? mean),
        targets,
      ),
      PLCC_expectation: plcc(expected, targets),
    }),
    numTest: targets.length,
  };
}

/**
 * Mean correlation with the photographs exchanged among the test items: each answer stands beside another photograph's
 * score. One permutation alone would scatter by 1 / sqrt(items).
 */
function permutedMean(
  correlation: typeof plcc,
  predictions: readonly number[],
  targets: readonly number[],
  seed: number,
): number | null {
  const values = Array.from({ length: numPermutations }, (_, i) =>
    correlation(rng(seed, 'permuted test images', i).shuffle(predictions), targets),
  );
  if (values.some((value) => value === null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / numPermutations;
}

/** predictions.csv. */
export function scoresFile({ ids, targets, predictions, expected, texts }: PredictedScores): string {
  const lines = ids.map((id, i) => `${id},${targets[i]},${predictions[i]},${expected[i]},"${texts[i]}"`);
  return `image,target,score,expectation,text\n${lines.join('\n')}\n`;
}

// Controls (section `control`): labels dealt anew among the photographs of training. A model that does as well with them as
// with the right ones has not learnt from what they say of a photograph.
import { rng, type TrialConfig } from '@calm-orch/core';
import type { AugmentedPair } from '@calm-orch/datasets';

/** The score each photograph is trained with: its own, or with `permuteScores` one of all, each given once. */
export function trainedScores(
  photos: readonly { readonly meanScore: number }[],
  { seed, permuteScores }: { readonly seed: number } & Partial<TrialConfig['control']>,
): number[] {
  const scores = photos.map(({ meanScore }) => meanScore);
  return permuteScores ? rng(seed, 'permuted scores').shuffle(scores) : scores;
}

/**
 * Pairs with the pseudo-labels they are trained with: their own, or with `permutePseudoLabels` those of one of all, each
 * given once. Which levels a pair trains stays a matter of its own augmentations.
 */
export function trainedPairs(
  pairs: readonly AugmentedPair[],
  { seed, permutePseudoLabels }: { readonly seed: number } & Partial<TrialConfig['control']>,
): readonly AugmentedPair[] {
  if (!permutePseudoLabels) return pairs;
  const given = rng(seed, 'permuted pseudo-labels').shuffle(pairs);
  return pairs.map((pair, i) => ({ ...pair, labels: given[i]!.labels }));
}

import type { AugmentedPair } from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { trainedPairs, trainedScores } from './permuted-labels.ts';

const photos = Array.from({ length: 40 }, (_, i) => ({ meanScore: 1 + i / 5 }));
const pairs = photos.map((_, index): AugmentedPair => ({
  index,
  draw: 0,
  original: `${index}.jpg`,
  augmented: `${index}-0.png`,
  groups: index % 2 === 0 ? ['color'] : ['subject'],
  labels: { single: [`label ${index}`], augmentedFirst: [`first ${index}`], augmentedSecond: [`second ${index}`] },
}));
const ascending = (a: number, b: number) => a - b;

describe('scores', () => {
  const own = photos.map(({ meanScore }) => meanScore);

  it("are each photograph's own where nothing is permuted", () => {
    expect(trainedScores(photos, { seed: 3 })).toEqual(own);
    expect(trainedScores(photos, { seed: 3, permuteScores: false })).toEqual(own);
  });

  it('are the same ones in another order where they are permuted, the same each time, another with another seed', () => {
    const permuted = trainedScores(photos, { seed: 3, permuteScores: true });
    expect(permuted.filter((score, i) => score === own[i]).length).toBeLessThan(8);
    expect([...permuted].sort(ascending)).toEqual(own);
    expect(trainedScores(photos, { seed: 3, permuteScores: true })).toEqual(permuted);
    expect(trainedScores(photos, { seed: 4, permuteScores: true })).not.toEqual(permuted);
  });
});

describe('pseudo-labels', () => {
  it('are those of the pair where nothing is permuted', () => {
    expect(trainedPairs(pairs, { seed: 3 })).toEqual(pairs);
  });

  it('are each given to one pair, which keeps its photographs and groups, where they are permuted', () => {
    const told = trainedPairs(pairs, { seed: 3, permutePseudoLabels: true });
    expect(told.filter(({ labels }, i) => labels === pairs[i]!.labels).length).toBeLessThan(8);
    expect(new Set(told.map(({ labels }) => labels))).toEqual(new Set(pairs.map(({ labels }) => labels)));
    expect(told.map(({ labels: _, ...rest }) => rest)).toEqual(pairs.map(({ labels: _, ...rest }) => rest));
    expect(trainedPairs(pairs, { seed: 3, permutePseudoLabels: true })).toEqual(told);
    expect(trainedPairs(pairs, { seed: 4, permutePseudoLabels: true })).not.toEqual(told);
  });
});

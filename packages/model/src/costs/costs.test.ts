import { nano, paper } from '@calm-orch/core';
import { expect, it } from 'vitest';
import { flopsPerImage, fullTrainingBytes, parameterCounts } from './costs.ts';

it('counts the parameters of the paper: 7.1 billion, 6,738.4 million of them Vicuna', () => {
  const { vision, mfam, llm } = parameterCounts(paper);
  expect(llm).toBe(6_738_415_616);
  expect((vision + mfam + llm) / 1e9).toBeCloseTo(7.11, 2);
});

it('counts arithmetic that grows with the photograph and shrinks with levels left out', () => {
  const small = flopsPerImage(paper, 224);
  const large = flopsPerImage(paper, 336);
  for (const part of ['vision', 'mfam', 'llm'] as const) expect(large[part]).toBeGreaterThan(small[part]);
  // The ViT by hand: 24 layers of 257 tokens, and 256 patches of 588 numbers.
  expect(small.vision).toBe(2 * (256 * 588 * 1024 + 24 * (257 * 12 * 1024 ** 2 + 2 * 257 ** 2 * 1024)));
  expect(flopsPerImage({ ...nano, mfam: { ...nano.mfam, levels: ['thematic'] } }).mfam).toBe(2 * 64 * 96 * 64);
});

it('shares nothing but the moments among GPUs', () => {
  const { replicated, partitioned } = fullTrainingBytes(paper, 8);
  expect(replicated.optimizer).toBe(2 * replicated.weights);
  expect(partitioned).toEqual({ ...replicated, optimizer: replicated.optimizer / 8 });
});

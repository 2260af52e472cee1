import { expect, it } from 'vitest';
import type { Claim } from '@calm-orch/core';
import { inOwnWords, isOwnClaim } from './own-claims.ts';

const claim: Claim = { claim: 'c', metric: 'CIDEr', row: 'all', is: 'better', than: ['none'] };

it('a claim is our own against a baseline, and where the paper has no number for it', () => {
  const against = { ...claim, than: ['none', 'constant comment'] };
  expect([isOwnClaim(against, true), isOwnClaim(claim, false)]).toEqual([true, true]);
  expect([isOwnClaim(claim, true), isOwnClaim({ ...claim, effect: 0.1 }, false)]).toEqual([false, false]);
});

it('our own claims hold or do not; what is open stays so', () => {
  const one = {
    than: 'none',
    difference: 0.1,
    interval: [0, 0.2] as const,
    p: 0.01,
    effect: null,
    seedsToDecide: null,
  };
  const words = ['reproduced', 'reproduced, smaller than in the paper', 'contradicted', 'undecided'] as const;
  const { verdict, comparisons, own } = inOwnWords({
    ...{ claim: 'c', metric: 'CIDEr', row: 'all', difference: 0.1, interval: [0, 0.2] },
    verdict: 'contradicted',
    comparisons: words.map((word) => ({ ...one, verdict: word })),
  });
  expect([verdict, own]).toEqual(['does not hold', true]);
  expect(comparisons.map((each) => each.verdict)).toEqual(['holds', 'holds', 'does not hold', 'undecided']);
});

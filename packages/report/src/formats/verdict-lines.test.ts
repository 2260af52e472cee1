import { expect, test } from 'vitest';
import type { Verdict } from '../table.ts';
import { verdictNote } from './verdict-lines.ts';

const interval = '[95 % t interval over seeds and test items]';

/** A claim with so many comparisons. */
const claim = (comparisons: number): Verdict => ({
  claim: 'ours is best',
  verdict: comparisons === 0 ? 'not judged' : 'reproduced',
  metric: 'PLCC',
  row: 'ours',
  difference: 0.1,
  interval: [0.05, 0.15],
  comparisons: Array.from({ length: comparisons }, (_, i) => ({
    than: `peer ${i}`,
    verdict: 'reproduced',
    difference: 0.1,
    interval: [0.05, 0.15],
    p: null,
    effect: null,
    seedsToDecide: null,
  })),
});

test("the note names Holm's correction where a claim has several comparisons", () => {
  expect(verdictNote([claim(2)])).toEqual([`claims: ${interval}; Holm's correction within a claim.`]);
  expect(verdictNote([claim(1), claim(2)])).toEqual([
    `claims: ${interval}; Holm's correction within a claim, none over the 2 claims.`,
  ]);
});

test('where none has, it says that the claims are not corrected, if there are several', () => {
  expect(verdictNote([claim(1), claim(1), claim(0)])).toEqual([
    `claims: ${interval}; no correction over the 2 claims.`,
  ]);
  expect(verdictNote([claim(1)])).toEqual([`claims: ${interval}.`]);
  expect(verdictNote([claim(0)])).toEqual([]);
});

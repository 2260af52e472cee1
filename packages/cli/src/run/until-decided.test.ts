import { expect, test } from 'vitest';
import type { Json } from '@calm-orch/core';
import type { Table } from '@calm-orch/report';
import { conclusions, nextSeedLine, undecidedClaims } from './until-decided.ts';

const cells = (n: number) => ({ PLCC: { n } });
const compared = (than: string, verdict: string, seedsToDecide: number | null = null) => ({
  than,
  verdict,
  seedsToDecide,
});

/** Of two tables in one run, which names rows `table/row`. */
const table = {
  table: 'levels',
  rows: [
    { row: 'all', metrics: cells(3) },
    { row: 'pair', metrics: cells(3) },
    { row: 'low', metrics: cells(5) },
    { row: 'theirs', metrics: cells(0) },
  ],
  verdicts: [
    { claim: 'decided', verdict: 'reproduced', row: 'all', comparisons: [compared('low', 'reproduced')] },
    { claim: 'soon', verdict: 'undecided', row: 'low', comparisons: [compared('theirs', 'undecided', 6)] },
    {
      claim: 'late',
      verdict: 'undecided',
      row: 'all',
      comparisons: [compared('low', 'reproduced'), compared('pair', 'undecided', 40)],
    },
    { claim: 'never', verdict: 'undecided', row: 'all', comparisons: [compared('pair', 'undecided')] },
  ],
} as unknown as Table;

const run = (maxSeeds: number): { resolved: Json } => ({
  resolved: {
    seeds: [0, 1, 2],
    tables: [],
    untilDecided: { maxSeeds },
    rows: [{ row: 'levels/all' }, { row: 'levels/pair' }, { row: 'levels/low', seeds: [0, 1, 2, 3, 4] }] as Json,
  },
});

test('claims that seeds can decide get one, for rows under the names the run has for them', () => {
  const undecided = undecidedClaims(run(8), [table])!;
  expect(undecided.map(({ claim, rows, seeds }) => [claim, rows, seeds])).toEqual([
    ['soon', ['levels/low'], 5],
    ['late', ['levels/all', 'levels/pair'], 3],
    ['never', ['levels/all', 'levels/pair'], 3],
  ]);
  expect(undecided.map(({ givenUp }) => givenUp)).toEqual([
    null,
    'undecided with 3 seeds; about 40 would decide it, --max-seeds allows 8',
    'undecided with 3 seeds, and more seeds alone would not decide it',
  ]);
  expect(nextSeedLine(run(8), undecided.slice(0, 1))).toBe(
    'Seed 5 is added to levels/low: "soon" is undecided, about 6 seeds would decide it.',
  );
});

test('at the most seeds that are allowed all is given up, and the end says why', () => {
  const undecided = undecidedClaims(run(5), [table])!;
  expect(conclusions(run(5), undecided)[0]).toBe('"soon": undecided with 5 seeds, as many as --max-seeds allows.');
  expect(conclusions(run(5), [])).toEqual(['Every claim that is judged is decided, with at most 5 seeds a row.']);
  expect(undecidedClaims({ resolved: { seeds: [0], rows: [] } }, [table])).toBeNull();
});

import { describe, expect, it } from 'vitest';
import type { Claim } from '@calm-orch/core';
import { judgeAtLooks } from './looks.ts';
import { metricOf } from './simulated-table.test-util.ts';
import { judge } from './verdict.ts';

const claim: Claim = { claim: 'a', metric: 'PLCC', row: 'all', is: 'better', than: ['thematic', 'pair'] };
const rows = {
  all: [0.8, 0.81, 0.79, 0.8],
  thematic: [0.7, 0.702, 0.695, 0.7],
  pair: [0.79, 0.8, 0.79, 0.79],
  other: [0.6, 0.61, 0.6, 0.59],
};
const table = metricOf(rows, { itemError: 0.002 });

describe('judgeAtLooks', () => {
  it('spends the level in proportion to the seeds of at most as many', () => {
    const levelAfter = (looks: number[]) => judgeAtLooks(claim, table, looks, 8).level;
    expect(levelAfter([2])).toBeCloseTo((0.05 * 2) / 8, 12);
    expect(levelAfter([2, 3])).toBeCloseTo(0.05 / 8, 12);
    expect(levelAfter([3, 2, 4, 4])).toBeCloseTo(0.05 / 8, 12);
    const all = [2, 3, 4, 6, 8].map((_, i, looks) => levelAfter(looks.slice(0, i + 1)));
    expect(all.reduce((sum, level) => sum + level, 0)).toBeCloseTo(0.05, 12);
  });

  it('with one look at all planned seeds is the usual verdict', () => {
    expect(judgeAtLooks(claim, table, [4], 4).verdict).toEqual(judge(claim, table, { nextLevel: 0.05 / 4 }));
  });

  it('judges at each look what was known then, and keeps what was decided', () => {
    const first = judgeAtLooks(claim, table, [2], 4).verdict;
    expect(first.comparisons.map(({ verdict }) => verdict)).toEqual(['reproduced', 'undecided']);
    const last = judgeAtLooks(claim, table, [2, 3, 4], 4).verdict;
    expect(last.comparisons[0]).toEqual(first.comparisons[0]);
    expect(last.comparisons[1]!.difference).not.toBe(first.comparisons[1]!.difference);
    // A later collapse of the row does not undo it.
    const collapsed = metricOf({ ...rows, all: [0.8, 0.81, 0.1, 0.1] }, { itemError: 0.002 });
    expect(judgeAtLooks(claim, collapsed, [2, 3, 4], 4).verdict.comparisons[0]!.verdict).toBe('reproduced');
  });

  it('is stricter than one look', () => {
    const [one, several] = [judgeAtLooks(claim, table, [4], 4), judgeAtLooks(claim, table, [2, 3, 4], 4)];
    const width = ({ verdict }: typeof one) =>
      verdict.comparisons[1]!.interval[1] - verdict.comparisons[1]!.interval[0];
    expect(width(several)).toBeGreaterThan(width(one));
    expect(several.verdict.comparisons[1]!.p).toBeGreaterThan(one.verdict.comparisons[1]!.p!);
  });

  it('names the rows that are still open, and says whether the planned seeds would do', () => {
    const open = judgeAtLooks(claim, table, [2], 8);
    expect(open.undecided?.rows).toEqual(['all', 'pair']);
    expect(open.undecided!.seedsToDecide).toBeGreaterThan(2);
    expect(open.isFutile).toBe(open.undecided!.seedsToDecide! > 8);
    const hopeless = judgeAtLooks(claim, metricOf(rows, { itemError: 0.05 }), [2], 8);
    expect([hopeless.undecided?.seedsToDecide, hopeless.isFutile]).toEqual([null, true]);
    // Neither a published model nor a baseline gets seeds.
    const theirs = metricOf(rows, { itemError: 0.002, baselines: ['pair'] });
    expect(judgeAtLooks({ ...claim, than: ['pair'] }, theirs, [2], 8).undecided?.rows).toEqual(['all']);
    const decided = judgeAtLooks({ ...claim, than: ['other'] }, table, [2], 8);
    expect([decided.undecided, decided.isFutile]).toEqual([null, false]);
  });

  it('has nothing to say before the first look, and of what cannot be judged', () => {
    expect(judgeAtLooks(claim, table, [], 8)).toMatchObject({
      verdict: { verdict: 'not judged', reason: 'it is judged once all its first seeds are done' },
      undecided: null,
      isFutile: false,
    });
    const broken = metricOf(rows, { problem: 'no result of pair' });
    expect(judgeAtLooks(claim, broken, [2, 3], 8).verdict.reason).toBe('no result of pair');
  });
});

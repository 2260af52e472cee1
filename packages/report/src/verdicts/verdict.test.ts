import { describe, expect, it } from 'vitest';
import { rng, type Claim } from '@calm-orch/core';
import { meanOfItems, plccOfItems } from '@calm-orch/evaluator/test-items';
import { judge, verdictOf, type RowItems } from './verdict.ts';

const numItems = 200;
const ids = Array.from({ length: numItems }, (_, i) => String(i));
const targets = ids.map((_, i) => rng(1, 'target', i).normal(5, 1));

/** Predictions whose error has deviation `noise`; items are the same for all, errors are not. */
const predicted = (row: string, seed: number, noise: number) =>
  targets.map((target, i) => target + rng(seed, row, i).normal(0, noise));

const rowOf = (row: string, noise: number, seeds = [0, 1]): [string, RowItems] => [
  row,
  new Map(seeds.map((seed) => [seed, plccOfItems(ids, predicted(row, seed, noise), targets)])),
];

const claim = (more: Partial<Claim>): Claim => ({
  claim: 'a claim',
  metric: 'PLCC',
  row: 'all',
  is: 'better',
  than: ['thematic'],
  margin: 0,
  ...more,
});

describe('a verdict', () => {
  const rows = new Map([rowOf('all', 0.5), rowOf('thematic', 0.9), rowOf('pair', 0.51), rowOf('other', 0.7, [5])]);

  it('is reproduced where the interval of the advantage is above zero, and names the advantage', () => {
    const verdict = judge(claim({}), rows);
    expect(verdict).toMatchObject({ claim: 'a claim', metric: 'PLCC', verdict: 'reproduced' });
    const mean = (row: string) =>
      [0, 1].reduce((sum, seed) => sum + rows.get(row)!.get(seed)!.statistic(new Array(numItems).fill(1))! / 2, 0);
    expect(verdict.difference).toBeCloseTo(mean('all') - mean('thematic'), 12);
    const [low, high] = verdict.interval!;
    expect(low).toBeGreaterThan(0);
    expect([low < verdict.difference!, verdict.difference! < high]).toEqual([true, true]);
    expect(judge(claim({}), rows)).toEqual(verdict);
  });

  it('is not reproduced where the other row is better, inconclusive where they are too near', () => {
    expect(judge(claim({ row: 'thematic', than: ['all'] }), rows).verdict).toBe('not reproduced');
    expect(judge(claim({ than: ['pair'] }), rows).verdict).toBe('inconclusive');
    // Better than every row of a list is no easier than better than one of them.
    expect(judge(claim({ than: ['thematic', 'pair'] }), rows).verdict).toBe('inconclusive');
  });

  it('calls rows close, or no better, within the margin only', () => {
    expect(judge(claim({ is: 'close', than: ['pair'], margin: 0.08 }), rows).verdict).toBe('reproduced');
    expect(judge(claim({ is: 'close', than: ['thematic'], margin: 0.08 }), rows).verdict).toBe('not reproduced');
    expect(judge(claim({ is: 'no better', than: ['pair'], margin: 0.08 }), rows).verdict).toBe('reproduced');
    expect(judge(claim({ is: 'no better', than: ['thematic'], margin: 0.08 }), rows).verdict).toBe('not reproduced');
    expect(verdictOf('close', [-0.02, 0.2], 0.1)).toBe('inconclusive');
  });

  it('says why there is none', () => {
    expect(judge(claim({ than: ['absent'] }), rows)).toMatchObject({
      verdict: 'inconclusive',
      interval: null,
      reason: 'no result of absent',
    });
    expect(judge(claim({ than: ['other'] }), rows).reason).toBe('no seed has results of all rows');
    const fewer = new Map([...rows, ['fewer', new Map([[0, meanOfItems(['0'], [1])]])] as [string, RowItems]]);
    expect(judge(claim({ than: ['fewer'] }), fewer).reason).toBe('rows were evaluated on different items');
    const constant = new Map([
      ...rows,
      [
        'flat',
        new Map([
          [
            0,
            plccOfItems(
              ids,
              ids.map(() => 5),
              targets,
            ),
          ],
        ]),
      ] as [string, RowItems],
    ]);
    expect(judge(claim({ than: ['flat'] }), constant).reason).toBe('PLCC is not defined');
  });

  it('covers no difference in about 95 of 100 tries', () => {
    const covered = Array.from({ length: 100 }, (_, i) => {
      const [name, items] = rowOf(`left ${i}`, 0.7, [0]);
      const [other, theirs] = rowOf(`right ${i}`, 0.7, [0]);
      const { interval } = judge(
        claim({ row: name, than: [other] }),
        new Map([
          [name, items],
          [other, theirs],
        ]),
        200,
      );
      return interval![0] <= 0 && interval![1] >= 0;
    }).filter(Boolean).length;
    expect(covered).toBeGreaterThanOrEqual(88);
    expect(covered).toBeLessThan(100);
  });
});

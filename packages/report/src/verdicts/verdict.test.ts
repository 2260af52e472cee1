import { describe, expect, it } from 'vitest';
import type { Claim } from '@calm-orch/core';
import { metricOf } from './simulated-table.test-util.ts';
import { judge } from './verdict.ts';

const claim = (more: Partial<Claim> = {}): Claim => ({
  claim: 'a claim',
  metric: 'PLCC',
  row: 'all',
  is: 'better',
  than: ['thematic'],
  ...more,
});

/** Four rows, three seeds: residuals have 6 degrees of freedom and deviations near 0.005. */
const rows = {
  all: [0.8, 0.81, 0.79],
  thematic: [0.7, 0.7, 0.7 - 0.005],
  pair: [0.795, 0.815, 0.79],
  third: [0.74, 0.76, 0.745],
};

describe('a claim that a row is better', () => {
  it('is reproduced where the interval of the difference is above zero', () => {
    const verdict = judge(claim(), metricOf(rows));
    expect(verdict).toMatchObject({ claim: 'a claim', metric: 'PLCC', row: 'all', verdict: 'reproduced' });
    const [one] = verdict.comparisons;
    expect(one!.difference).toBeCloseTo(0.8 - (0.7 + 0.7 + 0.695) / 3, 12);
    expect([verdict.difference, verdict.interval]).toEqual([one!.difference, one!.interval]);
    expect(one).toMatchObject({ than: 'thematic', verdict: 'reproduced', effect: null, seedsToDecide: null });
    expect([one!.interval[0] > 0, one!.p! < 0.001]).toEqual([true, true]);
  });

  it('has t intervals over seeds and test items', () => {
    // Residual variance of the four rows: numpy.linalg.lstsq, 6 degrees of freedom; t 2.4469 for 6 and 1.9647 for 499.
    const [one] = judge(claim(), metricOf(rows)).comparisons;
    const [seeds, items] = [(2 * 3.402777777777764e-5) / 3, 0.012 ** 2];
    const width = (2.446911848791681 * seeds + 1.964729390987689 * items) / Math.sqrt(seeds + items);
    expect((one!.interval[1] - one!.interval[0]) / 2).toBeCloseTo(width, 9);
  });

  it('is smaller than in the paper where the effect lies above the interval', () => {
    const paper = { all: 0.9, thematic: 0.7 };
    expect(judge(claim(), metricOf(rows, { paper })).comparisons[0]).toMatchObject({
      verdict: 'reproduced, smaller than in the paper',
      effect: expect.closeTo(0.2, 12) as number,
    });
    // What a row's own numbers say comes before what the claim says.
    expect(judge(claim({ effect: 0.11 }), metricOf(rows)).verdict).toBe('reproduced');
    expect(judge(claim({ effect: 0.11 }), metricOf(rows, { paper })).verdict).toMatch(/smaller/);
  });

  it('is contradicted where the other row is better, or where the difference is negligible beside the paper’s', () => {
    expect(judge(claim({ row: 'thematic', than: ['all'] }), metricOf(rows)).verdict).toBe('contradicted');
    const pair = (more: Partial<Claim>) => judge(claim({ than: ['pair'], ...more }), metricOf(rows)).verdict;
    expect([pair({}), pair({ effect: 0.2 }), pair({ effect: 0.047 })]).toEqual([
      'undecided',
      'contradicted',
      'undecided',
    ]);
    // The margin is half the effect, unless the claim has one; one above the effect is not taken.
    expect([pair({ effect: 0.2, margin: 0.02 }), pair({ effect: 0.02, margin: 0.2 })]).toEqual([
      'undecided',
      'undecided',
    ]);
  });

  it('is undecided where neither is so, and says how many seeds would decide it', () => {
    const pair = claim({ than: ['pair'], effect: 0.03 });
    const { verdict, comparisons } = judge(pair, metricOf(rows, { itemError: 0.005 }));
    expect([verdict, comparisons[0]!.verdict]).toEqual(['undecided', 'undecided']);
    expect(comparisons[0]!.seedsToDecide).toBeGreaterThan(3);
    // With fewer test items no number of seeds would.
    expect(judge(pair, metricOf(rows)).comparisons[0]!.seedsToDecide).toBeNull();
  });
});

describe('a claim with several comparisons', () => {
  const than = ['thematic', 'pair', 'third'];

  it('needs all of them: one that is contradicted contradicts it, one that is undecided leaves it so', () => {
    const words = (effect?: number) => {
      const { verdict, comparisons } = judge(claim({ than, ...(effect && { effect }) }), metricOf(rows));
      return [verdict, ...comparisons.map((one) => one.verdict)];
    };
    expect(words()).toEqual(['undecided', 'reproduced', 'undecided', 'reproduced']);
    expect(words(0.2)[0]).toBe('contradicted');
    expect(judge(claim({ than: ['thematic', 'third'] }), metricOf(rows)).verdict).toBe('reproduced');
  });

  it('reports the one that speaks least for it', () => {
    const verdict = judge(claim({ than }), metricOf(rows));
    expect(verdict.interval).toEqual(verdict.comparisons[1]!.interval);
  });

  it('is harder to reproduce than each alone', () => {
    const near = { a: [0.734, 0.739, 0.73], b: [0.71, 0.71, 0.7], c: [0.71, 0.7, 0.705], d: [0.709, 0.71, 0.7] };
    const own = (names: string[]) => judge(claim({ row: 'a', than: names }), metricOf(near)).comparisons[0]!;
    expect([own(['b']).verdict, own(['b', 'c', 'd']).verdict]).toEqual(['reproduced', 'undecided']);
    expect(own(['b', 'c', 'd']).p!).toBeGreaterThan(own(['b']).p!);
    expect(own(['b', 'c', 'd']).interval).toEqual(own(['b']).interval);
  });
});

describe('claims that rows are close, or one no better', () => {
  it('are reproduced where the interval lies within the margin, contradicted where it lies outside', () => {
    const close = (than: string, margin: number) =>
      judge(claim({ is: 'close', than: [than], margin }), metricOf(rows)).verdict;
    expect([close('pair', 0.05), close('thematic', 0.05), close('pair', 0.02), close('thematic', 0.1)]).toEqual([
      'reproduced',
      'contradicted',
      'undecided',
      'undecided',
    ]);
    const better = (row: string, than: string, margin: number) =>
      judge(claim({ is: 'no better', row, than: [than], margin }), metricOf(rows)).verdict;
    expect([better('thematic', 'all', 0.01), better('pair', 'all', 0.05), better('all', 'thematic', 0.05)]).toEqual([
      'reproduced',
      'reproduced',
      'contradicted',
    ]);
    expect(better('pair', 'all', 0.01)).toBe('undecided');
  });
});

describe('one seed', () => {
  it('leaves every claim undecided: its interval covers test items alone', () => {
    const verdict = judge(claim(), metricOf({ all: [0.8], thematic: [0.5] }));
    expect(verdict).toMatchObject({ verdict: 'undecided', reason: 'one seed: the interval covers test items alone' });
    expect(verdict.comparisons).toMatchObject([{ p: null, seedsToDecide: 2 }]);
    const [low, high] = verdict.interval!;
    expect((high - low) / 2).toBeCloseTo(1.964729390987689 * 0.012, 9);
  });

  it('in common is judged as one', () => {
    const table = metricOf({ all: [0.8, 0.81], thematic: [0.5], pair: [0.7, 0.69] });
    const { comparisons, reason } = judge(claim({ than: ['pair', 'thematic'] }), table);
    expect([comparisons[0]!.p !== null, comparisons[1]!.p, reason]).toEqual([
      true,
      null,
      'one seed: the interval covers test items alone',
    ]);
  });
});

describe('constants and ties', () => {
  it('decide nothing where no row varies over seeds', () => {
    const verdict = judge(claim(), metricOf({ all: [0.8, 0.8], thematic: [0.5, 0.5] }));
    expect(verdict).toMatchObject({
      verdict: 'undecided',
      reason: 'too few rows vary over seeds: the interval covers test items alone',
      comparisons: [{ p: null, seedsToDecide: 3 }],
    });
  });

  it('are judged by the rows that vary', () => {
    const table = metricOf({
      all: [0.5, 0.5, 0.5],
      thematic: [0.5, 0.5, 0.5],
      a: [0.6, 0.62, 0.61],
      b: [0.7, 0.71, 0.72],
    });
    const verdict = judge(claim(), table);
    expect(verdict).toMatchObject({
      verdict: 'undecided',
      difference: 0,
      comparisons: [{ p: 1, seedsToDecide: null }],
    });
    expect(judge(claim({ effect: 0.2 }), table).verdict).toBe('contradicted');
  });

  it('in test items leave the variation over seeds', () => {
    const verdict = judge(claim(), metricOf(rows, { itemError: 0 }));
    expect(verdict.verdict).toBe('reproduced');
    expect(judge(claim({ than: ['pair'] }), metricOf(rows, { itemError: 0 })).comparisons[0]!.seedsToDecide).toBeNull();
  });
});

describe('a published number', () => {
  const published = { 'VILA 224': 0.78 };

  it('is compared with the row’s own variation over seeds', () => {
    const verdict = judge(claim({ than: ['VILA 224'] }), metricOf(rows, { published, itemError: 0.001 }));
    const [one] = verdict.comparisons;
    expect(one).toMatchObject({ verdict: 'undecided', difference: expect.closeTo(0.02, 12) as number });
    // t with 2 degrees of freedom times a third of 0.01 squared, and the items' part.
    const [seeds, items] = [0.01 ** 2 / 3, 0.001 ** 2];
    const width = (4.302652729749464 * seeds + 1.964729390987689 * items) / Math.sqrt(seeds + items);
    expect((one!.interval[1] - one!.interval[0]) / 2).toBeCloseTo(width, 9);
  });

  it('is not judged where its data are others', () => {
    const table = metricOf(rows, { published, problem: 'other data' });
    expect(judge(claim({ than: ['VILA 224'] }), table)).toMatchObject({
      verdict: 'not judged',
      interval: null,
      difference: null,
      comparisons: [],
      reason: 'other data',
    });
  });
});

describe('a baseline', () => {
  const withBaseline = { ...rows, baseline: [0.78, 0.78, 0.78] };

  it('is compared with the row’s own variation over seeds, and with the test items of both', () => {
    const table = metricOf(withBaseline, { baselines: ['baseline'], itemError: 0.001 });
    const items: (string | null)[] = [];
    const [one] = judge(claim({ than: ['baseline'] }), {
      ...table,
      itemVariance: (row, than, own) => {
        items.push(row, than);
        return table.itemVariance(row, than, own);
      },
    }).comparisons;
    // t with 2 degrees of freedom times a third of 0.01 squared, and the items' part.
    const [seeds, error] = [0.01 ** 2 / 3, 0.001 ** 2];
    const width = (4.302652729749464 * seeds + 1.964729390987689 * error) / Math.sqrt(seeds + error);
    expect(one!.difference).toBeCloseTo(0.02, 12);
    expect((one!.interval[1] - one!.interval[0]) / 2).toBeCloseTo(width, 9);
    expect(items).toEqual(['all', 'baseline']);
  });

  it('changes nothing about how much rows vary', () => {
    const chance = { ...rows, chance: [0.1, 0.3, 0.2] };
    const table = metricOf(chance, { baselines: ['chance'] });
    expect(judge(claim(), table)).toEqual(judge(claim(), metricOf(rows)));
  });
});

it('rows without a common seed are not judged', () => {
  const table = metricOf({ all: [0.8, 0.81], thematic: [] });
  expect(judge(claim(), table)).toMatchObject({
    verdict: 'not judged',
    reason: 'no seed has results of both all and thematic',
  });
});

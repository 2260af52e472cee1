import { describe, expect, it } from 'vitest';
import { rng, type Claim } from '@calm-orch/core';
import { meanOfItems, plccOfItems, type TestItems } from '@calm-orch/evaluator/test-items';
import { bootstrap } from './bootstrap.ts';
import { metricTable, type MetricSource, type RowItems } from './metric-table.ts';
import { judge } from './verdict.ts';

function tableOf(rows: ReadonlyMap<string, RowItems>, more: Partial<MetricSource> = {}, numReplicates = 300) {
  const measured = bootstrap(
    [...rows.values()].flatMap((own) => [...own.values()]),
    numReplicates,
  );
  const paper = new Map<string, number>();
  return metricTable({ metric: 'PLCC', rows, measured, paper, published: new Set(), whyNotPublished: null, ...more });
}

const rowOf = (...trials: readonly TestItems[]): RowItems => new Map(trials.entries());

describe('itemVariance', () => {
  const ids = Array.from({ length: 400 }, (_, i) => String(i));
  const normal = (...key: (string | number)[]) => ids.map((_, i) => rng(...key, i).normal());
  const sum = (...lists: number[][]) => ids.map((_, i) => lists.reduce((total, list) => total + list[i]!, 0));
  // Items are harder for one row than for the other (variance 2), and for each trial by itself (variance 1 each).
  const hard = [normal('a'), normal('b')];
  const trial = (row: number, seed: number) => meanOfItems(ids, sum(hard[row]!, normal('own', row, seed)));
  const table = tableOf(
    new Map([0, 1].map((row) => [`r${row}`, rowOf(...[0, 1, 2, 3].map((seed) => trial(row, seed)))])),
    {},
    2000,
  );

  it('is what items do to all seeds alike; what they do to one is in the variation between seeds', () => {
    const { variance, df } = table.itemVariance('r0', 'r1', [0, 1, 2, 3]);
    expect(df).toBe(399);
    expect(variance * 400).toBeGreaterThan(1.6);
    expect(variance * 400).toBeLessThan(2.4);
    // With one seed there is nothing to tell them apart by.
    expect(table.itemVariance('r0', 'r1', [0]).variance * 400).toBeGreaterThan(3.2);
  });

  it('against a fixed number is the row’s own', () => {
    const { variance } = table.itemVariance('r0', null, [0, 1, 2, 3]);
    expect(variance * 400).toBeGreaterThan(0.75);
    expect(variance * 400).toBeLessThan(1.25);
  });

  it('has as many degrees of freedom as there are photographs less one, and is not too small for few', () => {
    const photos = Array.from({ length: 6 }, (_, i) => rng('photo', i).normal());
    const answers = Array.from({ length: 144 }, (_, i) => String(i));
    const clusters = answers.map((_, i) => `photo ${i % 6}`);
    const items = (shift: number) =>
      meanOfItems(
        answers,
        answers.map((_, i) => photos[i % 6]! + shift),
        clusters,
      );
    const zero = meanOfItems(
      answers,
      answers.map(() => 0),
      clusters,
    );
    const few = tableOf(
      new Map([
        ['a', rowOf(items(0))],
        ['b', rowOf(zero)],
      ]),
      {},
      4000,
    );
    const { variance, df } = few.itemVariance('a', 'b', [0]);
    const mean = photos.reduce((total, one) => total + one, 0) / 6;
    const expected = photos.reduce((total, one) => total + (one - mean) ** 2, 0) / 5 / 6;
    expect(df).toBe(5);
    expect(variance / expected).toBeGreaterThan(0.93);
    expect(variance / expected).toBeLessThan(1.07);
  });
});

describe('problemOf', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const good = plccOfItems(ids, [1, 2, 3, 5], [1, 2, 4, 5]);
  const rows = new Map([
    ['good', rowOf(good)],
    ['other items', rowOf(plccOfItems(['a', 'b', 'c', 'e'], [1, 2, 3, 5], [1, 2, 4, 5]))],
    ['constant', rowOf(plccOfItems(ids, [5, 5, 5, 5], [1, 2, 4, 5]))],
    ['one cluster', rowOf(meanOfItems(ids, [1, 2, 3, 4], ['p', 'p', 'p', 'p']))],
    ['nothing', rowOf()],
  ]);

  it.each([
    [['good', 'nothing', 'absent'], 'no result of nothing, absent'],
    [['good', 'other items'], 'rows were evaluated on different items'],
    [['constant'], 'PLCC is not defined'],
    [['one cluster'], 'all test items belong together'],
    [['good', 'VILA'], 'these are of the studio'],
  ])('of %j is %j', (names, problem) => {
    const table = tableOf(rows, { published: new Set(['VILA']), whyNotPublished: 'these are of the studio' });
    expect(table.problemOf(names)).toBe(problem);
  });

  it('is none of rows with means of the same items', () => {
    const twice = new Map([
      ['a', rowOf(meanOfItems(ids, [1, 2, 3, 4]))],
      ['b', rowOf(meanOfItems(ids, [2, 2, 3, 4]))],
    ]);
    expect(tableOf(twice).problemOf(['a', 'b'])).toBeNull();
  });
});

describe('verdicts with the bootstrap', () => {
  const numTables = 150;
  const claim: Claim = {
    claim: 'r0 is better',
    metric: 'PLCC',
    row: 'r0',
    is: 'better',
    than: ['r1', 'r2', 'r3'],
    effect: 0.1,
  };
  const ids = Array.from({ length: 100 }, (_, i) => String(i));

  /** Four rows, three seeds; predictions err in a row's own way (0.6) and in a trial's own (0.3). */
  function verdictOf(table: number, noise = 0.6) {
    const targets = ids.map((_, i) => rng('targets', table, i).normal());
    const rows = [0, 1, 2, 3].map((row) => {
      const errors = ids.map((_, i) => rng('row', table, row, i).normal(0, row === 0 ? noise : 0.6));
      const trials = [0, 1, 2].map((seed) => {
        const own = rng('trial', table, row, seed);
        return plccOfItems(
          ids,
          targets.map((target, i) => target + errors[i]! + own.normal(0, 0.3)),
          targets,
        );
      });
      return [`r${row}`, rowOf(...trials)] as const;
    });
    return judge(claim, tableOf(new Map(rows), {}, 200));
  }

  it('cover no difference in about 95 of 100 tables, and find one in few', () => {
    const verdicts = Array.from({ length: numTables }, (_, table) => verdictOf(table));
    const all = verdicts.flatMap(({ comparisons }) => comparisons);
    const covered = all.filter(({ interval: [low, high] }) => low <= 0 && high >= 0).length / all.length;
    expect(covered).toBeGreaterThan(0.92);
    expect(covered).toBeLessThan(0.99);
    const wrong = verdicts.filter(({ comparisons }) => comparisons.some((one) => /^reproduced/.test(one.verdict)));
    expect(wrong.length / numTables).toBeLessThanOrEqual(0.06);
  });

  it('find a difference that is there', () => {
    const verdicts = Array.from({ length: 20 }, (_, table) => verdictOf(table, 0.1));
    expect(verdicts.filter(({ verdict }) => /^reproduced/.test(verdict)).length).toBeGreaterThan(17);
  });
});

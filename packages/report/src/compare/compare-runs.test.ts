// What a comparison of two runs says: which values it pairs, how far they differ, and why it pairs nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { meanOfItems } from '@calm-orch/evaluator/test-items';
import { openTracker, type RunRecord, type Tracker } from '@calm-orch/tracker';
import { recordRun } from '../../../tracker/src/recorded-run.test-util.ts';
import { comparisonText } from '../formats/comparison-text.ts';
import { bootstrap } from '../verdicts/bootstrap.ts';
import { compareRuns } from './compare-runs.ts';
import { pairedDifference } from './paired-difference.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-compare-'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Scored {
  readonly noise: number;
  readonly seeds?: readonly number[];
  /** Whose scores are predicted. */
  readonly people?: string;
  readonly rows?: readonly string[];
  readonly resolved?: object;
}

/** A run `name` whose trials have scored 100 photographs. */
function scored(name: string, { noise, seeds = [0, 1, 2, 3], people = 'people', rows = ['all'], resolved }: Scored) {
  const trials = rows.flatMap((row) => seeds.map((seed) => ({ row, seed })));
  const stages = trials.map((trial) => {
    const key = `${name}-${trial.row}-${trial.seed}`;
    mkdirSync(join(dir, 'artifacts', key), { recursive: true });
    const lines = Array.from({ length: 100 }, (_, i) => {
      const target = rng(people, i).normal(5, 1);
      return `${i},${target},${target + noise * rng('error', trial.seed, i).normal(0, 1)},5,"5"`;
    });
    writeFileSync(
      join(dir, 'artifacts', key, 'predictions.csv'),
      `image,target,score,expectation,text\n${lines.join('\n')}\n`,
    );
    return { key, kind: 'evaluate-score' as const, trials: [trial], metrics: { PLCC: 1 - noise / 10 } };
  });
  const table = { id: 't', title: 'T', metrics: ['PLCC'], footnotes: [] };
  const all = {
    table,
    rows: rows.map((row) => ({ row, set: {}, paper: {} })),
    config: { noise, evaluate: {} },
    ...resolved,
  };
  const run = recordRun(tracker, { resolved: all, trials, stages, artifacts: join(dir, 'artifacts') });
  tracker.endRun(run.id, 'succeeded');
  return tracker.getRun(run.id);
}

const compare = (a: RunRecord, b: RunRecord) =>
  compareRuns(tracker, a, b, {
    cacheDir: null,
    artifactOf: ({ key }) => ({ dir: join(dir, 'artifacts', key), files: null }),
  });

describe('two runs', () => {
  it('differ in what their configurations differ in, and in no name or number of workers', async () => {
    const [a, b] = [scored('a', { noise: 1 }), scored('b', { noise: 0.5, resolved: { trainers: 9, title: 'other' } })];
    expect((await compare(a, b)).configuration).toEqual([{ what: 'config.noise', a: 1, b: 0.5 }]);
    expect((await compare(a, a)).configuration).toEqual([]);
  });

  it('are told apart where one predicts better, with the same size the other way round', async () => {
    const [a, b] = [scored('a', { noise: 1 }), scored('b', { noise: 0.5 })];
    const [line] = (await compare(a, b)).metrics;
    const [back] = (await compare(b, a)).metrics;
    const { difference, interval, p, seeds, numItems } = line!.paired!;
    expect(line).toMatchObject({ table: 't', row: 'all', metric: 'PLCC', reason: null });
    expect([line!.a!.mean, line!.b!.mean]).toEqual([0.9, 0.95]);
    expect([seeds, numItems]).toEqual([[0, 1, 2, 3], 100]);
    expect(interval[0]).toBeGreaterThan(0);
    expect(p).toBeLessThan(0.05);
    expect(interval[0] + interval[1]).toBeCloseTo(2 * difference, 12);
    expect(back!.paired!.difference).toBeCloseTo(-difference, 12);
    expect(back!.paired!.interval).toEqual(interval.map((end) => expect.closeTo(-end, 12)).reverse());
    expect(back!.paired!.p).toBeCloseTo(p!, 12);
  });

  it('are paired by the seeds both have, say so where there is one, and have rows of one run alone', async () => {
    const [a, b] = [
      scored('a', { noise: 1, seeds: [0, 1] }),
      scored('b', { noise: 0.5, seeds: [1, 2], rows: ['all', 'x'] }),
    ];
    const { metrics } = await compare(a, b);
    expect(metrics[0]!.paired).toMatchObject({ seeds: [1], p: null });
    expect(metrics[0]!.reason).toBe('one seed: the interval covers test items alone');
    expect(metrics[1]).toMatchObject({ row: 'x', a: null, b: { n: 2 }, paired: null, reason: 'A has no such row' });
  });

  it.each([
    ['no seed is in both', { seeds: [7] }, 'no seed in both: seeds 0, 1, 2, 3 and seed 7'],
    ['the photographs have other scores', { people: 'others' }, 'evaluated on different test items'],
    ['one is a rehearsal', { resolved: { rehearsal: true } }, 'numbers of a rehearsal mean nothing'],
  ])('pair nothing where %s', async (_, other, reason) => {
    const [a, b] = [scored('a', { noise: 1 }), scored('b', { noise: 0.5, ...other })];
    expect((await compare(a, b)).metrics).toMatchObject([{ paired: null, reason }]);
  });

  it('that predict the same are the same', async () => {
    const [a, b] = [scored('a', { noise: 1 }), scored('b', { noise: 1 })];
    expect((await compare(a, b)).metrics).toMatchObject([
      { paired: { difference: 0, interval: [0, 0], p: null }, reason: 'the same results' },
    ]);
  });

  it('are lines of text', async () => {
    const text = comparisonText(await compare(scored('a', { noise: 1 }), scored('b', { noise: 0.5 })));
    expect(text).toMatch(/^A {2}x-1 {2}x: X {2}succeeded\nB {2}x-2 {2}x: X {2}succeeded\n/);
    expect(text).toContain('\n  config.noise  1  0.5\n');
    expect(text).toMatch(
      /\n {2}all {2}PLCC {2}0\.900 .*\] {2}0\.950 .*\] {2}\+0\.\d{3} \[\+0.*\], p .* \(4 seeds, 100 items\)\n/,
    );
    expect(text).toContain('Curves, at their last step\n  none is recorded');
  });
});

it('where test items do not matter, the interval is that of the paired t test', () => {
  const ids = ['x', 'y', 'z'];
  const row = (values: readonly number[]) =>
    new Map(
      values.map((value, seed) => [
        seed,
        meanOfItems(
          ids,
          ids.map(() => value),
        ),
      ]),
    );
  const items = { a: row([0.5, 0.5, 0.5, 0.5]), b: row([0.6, 0.8, 0.7, 0.9]) };
  const { paired } = pairedDifference('PLCC', items, bootstrap([...items.a.values(), ...items.b.values()], 50));
  // t is 3.873 with 3 degrees of freedom: p by integrating the density in Python, the interval by the tables' 3.182446.
  expect(paired!.difference).toBeCloseTo(0.25, 12);
  expect(paired!.p).toBeCloseTo(0.030466, 5);
  expect(paired!.interval).toEqual([expect.closeTo(0.044574, 5), expect.closeTo(0.455426, 5)]);
});

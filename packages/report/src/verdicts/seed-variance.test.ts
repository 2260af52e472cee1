import { describe, expect, it } from 'vitest';
import { rng } from '@calm-orch/core';
import { ownSeedVariance, pooledSeedVariance } from './seed-variance.ts';

const rowsOf = (rows: Record<string, Record<number, number>>) =>
  new Map(
    Object.entries(rows).map(([row, own]) => [row, new Map(Object.entries(own).map(([s, v]) => [Number(s), v]))]),
  );

describe('pooledSeedVariance', () => {
  it('is that of the residuals after row and seed, which a shared effect of a seed does not enter', () => {
    const rows = { a: { 0: 0.5, 1: 0.54 }, b: { 0: 0.7, 1: 0.72 } };
    // Residuals are a quarter of the interaction 0.02, four times, with one degree of freedom.
    expect(pooledSeedVariance(rowsOf(rows))).toEqual({ variance: expect.closeTo(0.0001, 12) as number, df: 1 });
    const shifted = { a: { 0: 0.5, 1: 0.84 }, b: { 0: 0.7, 1: 1.02 } };
    expect(pooledSeedVariance(rowsOf(shifted))!.variance).toBeCloseTo(0.0001, 12);
  });

  it('takes rows with seeds of their own', () => {
    // numpy.linalg.lstsq on the indicators of rows and seeds (rank 5 of 7 values; d has one seed).
    const rows = { a: { 0: 1, 1: 1.1, 2: 0.9 }, b: { 0: 2, 1: 2.3 }, c: { 1: 3, 2: 3.1 }, d: { 5: 4 } };
    expect(pooledSeedVariance(rowsOf(rows))).toEqual({
      variance: expect.closeTo(0.0213333333333, 12) as number,
      df: 2,
    });
  });

  it('is that of the draw, on average', () => {
    const estimates = Array.from({ length: 400 }, (_, table) => {
      const random = rng('seed variance', table);
      const shared = [0, 1, 2].map(() => random.normal(0, 0.5));
      const row = (mean: number) =>
        new Map(shared.map((effect, seed) => [seed, mean + effect + random.normal(0, 0.1)]));
      return pooledSeedVariance(new Map([0.1, 0.3, 0.2].map((mean, i) => [String(i), row(mean)])))!.variance;
    });
    const mean = estimates.reduce((sum, one) => sum + one, 0) / estimates.length;
    expect(mean).toBeGreaterThan(0.009);
    expect(mean).toBeLessThan(0.011);
  });

  it('is none where a seed or a difference is missing, and constant rows do not make it small', () => {
    expect(pooledSeedVariance(rowsOf({ a: { 0: 1 }, b: { 0: 2 } }))).toBeNull();
    expect(pooledSeedVariance(rowsOf({ a: { 0: 0.3, 1: 0.3 }, b: { 0: 0.7, 1: 0.7 } }))).toBeNull();
    expect(pooledSeedVariance(rowsOf({ a: { 0: 0.3, 1: 0.4 }, b: { 0: 0.1, 1: 0.1 + 0.1 } }))).toBeNull();
    const varied = { a: { 0: 0.5, 1: 0.54 }, b: { 0: 0.7, 1: 0.72 } };
    const constant = { c: { 0: 0, 1: 0 }, d: { 0: 0.2, 1: 0.2 } };
    expect(pooledSeedVariance(rowsOf({ ...varied, ...constant }))).toEqual(pooledSeedVariance(rowsOf(varied)));
  });
});

it('rows that share their trials count once', () => {
  const rows = { a: { 0: 0.5, 1: 0.54 }, b: { 0: 0.7, 1: 0.72 } };
  expect(pooledSeedVariance(rowsOf({ ...rows, c: rows.b }))).toEqual(pooledSeedVariance(rowsOf(rows)));
});

describe('ownSeedVariance', () => {
  it('is the sample variance; none of one value or of equal ones', () => {
    expect(ownSeedVariance([1, 2, 3, 6])).toEqual({ variance: expect.closeTo(14 / 3, 12) as number, df: 3 });
    expect([ownSeedVariance([1]), ownSeedVariance([0.1, 0.1])]).toEqual([null, null]);
  });
});

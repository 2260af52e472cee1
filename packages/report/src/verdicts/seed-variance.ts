// How much a metric varies from seed to seed, pooled over the rows of a table. What a seed does to all rows alike (such as
// its order of samples) cancels in a pair of rows and is taken out, by least squares, so that rows may have different seeds.
import type { Component } from './half-width.ts';

/** A metric by row and seed. */
export type SeedValues = ReadonlyMap<string, ReadonlyMap<number, number>>;

/**
 * The variance of one row's value beside the effects of row and seed, its degrees of freedom those of the residuals. Rows
 * with one seed or the same value in all seeds say nothing of it, rows with the same trials count once. Null where none is
 * left, or no freedom.
 */
export function pooledSeedVariance(values: SeedValues): Component | null {
  const varied = [...values.values()].filter((own) => new Set(own.values()).size > 1);
  const rows = [...new Map(varied.map((own) => [[...own].join(' '), own])).values()];
  const seeds = [...new Set(rows.flatMap((own) => [...own.keys()]))];
  // Less the row's mean, what is left of each seed's indicator has the seed's effect and nothing of the row's.
  const centred = (of: (seed: number, value: number) => number): number[] =>
    rows.flatMap((own) => {
      const cells = [...own].map(([seed, value]) => of(seed, value));
      const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
      return cells.map((cell) => cell - mean);
    });
  const basis = orthonormal(seeds.map((one) => centred((seed) => Number(seed === one))));
  const residuals = without(
    basis,
    centred((_, value) => value),
  );
  return fromResiduals(residuals, residuals.length - rows.length - basis.length);
}

/** Of one row's values alone, whatever a seed does to other rows: what a comparison with a fixed number needs. */
export function ownSeedVariance(values: readonly number[]): Component | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return fromResiduals(
    values.map((value) => value - mean),
    values.length - 1,
  );
}

/** What is smaller is rounding. */
const smallest = 1e-24;

function fromResiduals(residuals: readonly number[], df: number): Component | null {
  const variance = dot(residuals, residuals) / df;
  return df < 1 || variance < smallest ? null : { variance, df };
}

/** Gram and Schmidt; columns that depend on those before them are left out. */
function orthonormal(columns: readonly (readonly number[])[]): (readonly number[])[] {
  const basis: (readonly number[])[] = [];
  for (const column of columns) {
    const rest = without(basis, without(basis, column));
    const norm = Math.sqrt(dot(rest, rest));
    if (norm > 1e-6) basis.push(rest.map((value) => value / norm));
  }
  return basis;
}

/** `values` less their projection. */
function without(basis: readonly (readonly number[])[], values: readonly number[]): readonly number[] {
  return basis.reduce((rest, unit) => {
    const length = dot(unit, rest);
    return rest.map((value, i) => value - length * unit[i]!);
  }, values);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

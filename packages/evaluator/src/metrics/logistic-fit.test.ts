import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plcc } from './correlation.ts';
import { logisticPlcc } from './logistic-fit.ts';

interface Case {
  readonly name: string;
  readonly predictions: number[];
  readonly targets: number[];
  /** Of scipy's best fit. */
  readonly plcc: number;
}
const path = new URL('../../fixtures/logistic-fit.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] };

describe('logisticPlcc', () => {
  it.each(cases)('finds the fit scipy finds: $name', ({ predictions, targets, plcc: expected }) => {
    expect(logisticPlcc(predictions, targets)).toBeCloseTo(expected, 9);
    expect(logisticPlcc(predictions, targets)!).toBeGreaterThanOrEqual(Math.abs(plcc(predictions, targets)!) - 1e-9);
  });

  it('does not depend on units, and counts an item as often as its weight says', () => {
    const { predictions, targets, plcc: expected } = cases[0]!;
    const other = predictions.map((value) => 1e6 + 1e-3 * value);
    expect(logisticPlcc(other, targets)).toBeCloseTo(expected, 6);
    const weights = predictions.map((_, i) => i % 3);
    const repeated = (values: number[]) => values.flatMap((value, i) => new Array<number>(i % 3).fill(value));
    expect(logisticPlcc(predictions, targets, weights)).toBeCloseTo(
      logisticPlcc(repeated(predictions), repeated(targets))!,
      9,
    );
  });

  it('is null where there is nothing to fit', () => {
    expect(logisticPlcc([1, 2, 3, 4], [1, 2, 3, 4])).toBeNull();
    expect(logisticPlcc([1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6])).toBeNull();
    expect(logisticPlcc([1, 2, 3, 4, 5, Number.NaN], [1, 2, 3, 4, 5, 6])).toBeNull();
    // Unrelated values: still a number, and a small one.
    const noise = Array.from({ length: 200 }, (_, i) => (i * 7919) % 211);
    const targets = Array.from({ length: 200 }, (_, i) => (i * 104729) % 223);
    expect(logisticPlcc(noise, targets)).toBeLessThan(0.35);
    // A step: perfectly separable, where the width goes to nothing.
    const step = Array.from({ length: 20 }, (_, i) => i);
    expect(
      logisticPlcc(
        step,
        step.map((value) => Number(value > 9)),
      ),
    ).toBeGreaterThan(0.999);
  });
});

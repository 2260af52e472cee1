import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { averageRanks, plcc, srcc } from './correlation.ts';

interface Case {
  name: string;
  predictions: number[];
  targets: number[];
  plcc: number | null;
  srcc: number | null;
}
const golden = JSON.parse(readFileSync(new URL('../../fixtures/correlation.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

describe('correlation', () => {
  it.each(golden.cases)('agrees with scipy: $name', (example) => {
    expectClose(plcc(example.predictions, example.targets), example.plcc);
    expectClose(srcc(example.predictions, example.targets), example.srcc);
  });

  it('keeps its digits under an offset a million times the spread', () => {
    const x = [1, 2, 4, 7, 11];
    const y = [2, 1, 5, 6, 12];
    const shifted = (values: number[]): number[] => values.map((value) => value + 2 ** 40);
    expect(plcc(shifted(x), y)).toBe(plcc(x, shifted(y)));
    expect(plcc(shifted(x), shifted(y))).toBeCloseTo(plcc(x, y)!, 14);
  });

  it('does not overflow on huge values nor underflow on tiny ones', () => {
    expect(plcc([1e300, 2e300, 4e300], [1, 2, 4])).toBeCloseTo(1, 14);
    expect(plcc([1e-300, 2e-300, 4e-300], [1, 2, 4])).toBeCloseTo(1, 14);
  });

  it('is null where no correlation is defined', () => {
    expect(plcc([], [])).toBeNull();
    expect(plcc([1], [2])).toBeNull();
    expect(srcc([0.1, 0.1, 0.1], [1, 2, 3])).toBeNull();
    expect(plcc([1, NaN, 3], [1, 2, 3])).toBeNull();
    expect(srcc([1, NaN, 3], [1, 2, 3])).toBeNull();
    expect(plcc([1, Infinity, 3], [1, 2, 3])).toBeNull();
  });

  it.each([0.1, 3.3, 5.646977158610035, 1 / 3, 1e300, -1e-300])('is undefined for a constant side: %d', (value) => {
    const targets = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const constant = targets.map(() => value);
    const mean = constant.reduce((a, b) => a + b / constant.length, 0);
    for (const of of [plcc, srcc]) {
      expect(of(constant, targets)).toBeNull();
      expect(of(targets, constant)).toBeNull();
      // As where a missing prediction counts as the mean of the others.
      expect(of([mean, ...constant.slice(1)], targets)).toBeNull();
    }
  });

  it('ranks infinite values and shares ranks among equal ones', () => {
    expect([...averageRanks([3, -Infinity, 3, Infinity])!]).toEqual([2.5, 1, 2.5, 4]);
    expect(srcc([1, 2, Infinity], [1, 2, 3])).toBeCloseTo(1, 14);
  });

  it('refuses lists of different length', () => {
    expect(() => plcc([1, 2], [1])).toThrow(/2 predictions for 1 targets/);
  });
});

function expectClose(actual: number | null, expected: number | null): void {
  if (expected === null || actual === null) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12);
}

import { describe, expect, it } from 'vitest';
import { halfWidth, tailBeyond } from './half-width.ts';
import { upperTail } from './student-t.ts';

const seeds = { variance: 0.0004, df: 2 };
const items = { variance: 0.000144, df: 499 };

describe('halfWidth', () => {
  it('is that of the one part where there is one; of two the t is weighted by their variances', () => {
    expect(halfWidth([seeds], 0.025)).toBeCloseTo(4.302652729749464 * 0.02, 12);
    expect(halfWidth([items], 0.025)).toBeCloseTo(1.964729390987689 * 0.012, 12);
    const both = (4.302652729749464 * 0.0004 + 1.964729390987689 * 0.000144) / Math.sqrt(0.000544);
    expect(halfWidth([seeds, items], 0.025)).toBeCloseTo(both, 12);
    expect(halfWidth([{ variance: 0, df: 1 }], 0.025)).toBe(0);
  });
});

describe('tailBeyond', () => {
  it('is the tail of t where there is one part', () => {
    expect(tailBeyond([seeds], 0.06)).toBeCloseTo(upperTail(3, 2), 9);
    expect(tailBeyond([seeds], -0.06)).toBeCloseTo(1 - upperTail(3, 2), 9);
  });

  it('has the distance as its half width', () => {
    for (const distance of [0.001, 0.02, 0.1, 0.5])
      expect(halfWidth([seeds, items], tailBeyond([seeds, items], distance)) / distance).toBeCloseTo(1, 3);
    expect(tailBeyond([items], 1)).toBe(1e-9);
  });
});

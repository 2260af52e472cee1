import { describe, expect, it } from 'vitest';
import { sampledError } from './parity-values.ts';

const shape = [2, 24, 16];
// A sample is every 48th value: all of them are of channel 0.
const values = Float32Array.from({ length: 2 * 24 * 16 }, (_, i) => Math.sin(i));
const sample = Array.from({ length: 16 }, (_, i) => values[48 * i]!);
const expected = { shape, sum: values.reduce((a, b) => a + b, 0), sample };
const changed = (change: (values: Float32Array) => void) => {
  const copy = values.slice();
  change(copy);
  return { shape, values: copy };
};
const swap = (copy: Float32Array): void => void copy.subarray(1, 3).reverse();

describe('the error of a tensor of which samples are known', () => {
  it('is nothing where all is equal', () => {
    expect(sampledError({ shape, values }, expected)).toBe(0);
    expect(sampledError({ shape, values }, expected, { shape, values })).toBe(0);
  });

  it('shows a sample that differs, by as much', () => {
    expect(
      sampledError(
        changed((copy) => (copy[48]! += 0.5)),
        expected,
      ),
    ).toBeCloseTo(0.5, 6);
  });

  it('shows a value that no sample is, by the sum', () => {
    expect(
      sampledError(
        changed((copy) => (copy[1]! += 0.5)),
        expected,
      ),
    ).toBeGreaterThan(1e-2);
  });

  it('is infinite for another shape of the same values, and for what is no number', () => {
    expect(sampledError({ shape: [2, 16, 24], values }, expected)).toBe(Infinity);
    expect(
      sampledError(
        changed((copy) => (copy[1] = NaN)),
        expected,
      ),
    ).not.toBeLessThan(Infinity);
  });

  it('shows values that changed places where all of them are known', () => {
    expect(sampledError(changed(swap), expected)).toBeLessThan(1e-7);
    expect(sampledError(changed(swap), expected, { shape, values })).toBeGreaterThan(1e-2);
  });
});

import { describe, expect, it } from 'vitest';
import { byLength } from './batch-source.ts';
import { paddedLengths } from './padded-lengths.ts';

const times = (count: number, length: number): number[] => Array.from({ length: count }, () => length);
const tokens = (lengths: readonly number[], before: number, edges: readonly number[]): number =>
  lengths.reduce((sum, length) => sum + before + (edges.find((edge) => length <= edge) ?? edges.at(-1)!), 0);

describe('lengths to pad to', () => {
  it('are one where more would save little', () => {
    expect(paddedLengths([8, 9, 10, 16, 12, 9], 89, 24)).toEqual([24]);
    expect(paddedLengths([], 10, 5)).toEqual([5]);
  });

  it('are those with the fewest tokens of all choices of as many', () => {
    const lengths = [...times(60, 20), ...times(30, 35), ...times(8, 200), ...times(2, 480)];
    const found = paddedLengths(lengths, 40, 480);
    expect(found.at(-1)).toBe(480);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThanOrEqual(4);
    const cost = tokens(lengths, 40, found);
    expect(cost).toBeLessThan(0.4 * tokens(lengths, 40, [480]));
    const known = [20, 35, 200];
    for (const first of known)
      for (const second of known)
        expect(cost).toBeLessThanOrEqual(tokens(lengths, 40, [first, second, 480].slice(-found.length)));
  });

  it('leave what comes before the text out of what can be saved', () => {
    const lengths = [...times(50, 20), ...times(50, 60)];
    expect(paddedLengths(lengths, 0, 60)).toEqual([20, 60]);
    expect(paddedLengths(lengths, 400, 60)).toEqual([60]);
  });

  it('do not depend on the order of the samples', () => {
    const lengths = Array.from({ length: 200 }, (_, i) => ((i * 37) % 101) + 1);
    expect(paddedLengths([...lengths].reverse(), 3, 90)).toEqual(paddedLengths(lengths, 3, 90));
  });
});

describe('samples by length', () => {
  const samples = [3, 9, 4, 200, 1].map((length, id) => ({ id, length }));
  const list = { name: 'words', numSamples: 5, share: 10 };

  it('are each in one group, those above the last length too, and share the steps', () => {
    const groups = byLength(list, 'answer', samples, [4, 10]);
    expect(groups.map(({ list: own, name, samples: all }) => [own, name, all.map(({ id }) => id)])).toEqual([
      [{ name: 'words-4', numSamples: 3, share: 6 }, 'answer-4', [0, 2, 4]],
      [{ name: 'words-10', numSamples: 2, share: 4 }, 'answer-10', [1, 3]],
    ]);
  });

  it('keep their names where there is one length', () => {
    expect(byLength(list, 'answer', samples, [10])).toEqual([{ list, name: 'answer', length: 10, samples }]);
  });
});

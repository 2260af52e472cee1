import { describe, expect, it } from 'vitest';
import { bucketsOf } from './buckets.ts';
import { sliceOf } from './slices.ts';

const shapes = { a: [2, 4], b: [4], c: [4], d: [3, 8], e: [2] };
const total = 42;
const text = (maxBytes?: number, numMembers = 1): string[] =>
  bucketsOf(
    shapes,
    Array.from({ length: numMembers }, (_, rank) => sliceOf(total, numMembers, rank)),
    maxBytes,
  ).map(({ first, end, parts }) => `${first}-${end}: ${parts.map((p) => `${p.key}${p.first}-${p.end}`).join(' ')}`);

describe('the buckets of a flat vector', () => {
  it('are one for a small model', () => {
    expect(text()).toEqual(['0-42: a0-8 b0-4 c0-4 d0-24 e0-2']);
  });

  it('hold as many whole parameters as fit, and a larger one alone', () => {
    expect(text(4 * 12)).toEqual(['0-12: a0-8 b0-4', '12-16: c0-4', '16-40: d0-24', '40-42: e0-2']);
    expect(text(1)).toHaveLength(5);
  });

  it('end where the slices of members end', () => {
    expect(text(undefined, 3)).toEqual(['0-14: a0-8 b0-4 c0-2', '14-28: c2-4 d0-12', '28-42: d12-24 e0-2']);
    expect(text(4 * 4, 2)).toEqual([
      '0-8: a0-8',
      '8-12: b0-4',
      '12-16: c0-4',
      '16-21: d0-5',
      '21-40: d5-24',
      '40-42: e0-2',
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCommonLength } from './common-subsequence.ts';

describe('createCommonLength', () => {
  it('gives the length of the whole table for texts shorter and longer than an integer has bits', () => {
    const text = fc.array(fc.nat(5), { maxLength: 36 });
    const edges = fc.constantFrom(0, 1, 31, 32, 33).map((length) => Array.from({ length }, (_, i) => i % 6));
    fc.assert(
      fc.property(fc.array(fc.oneof(text, edges), { minLength: 2, maxLength: 4 }), (texts) => {
        const starts = Int32Array.from([0, ...texts.map((_, i) => texts.slice(0, i + 1).flat().length)]);
        const common = createCommonLength({ numTokens: 6, tokens: Int32Array.from(texts.flat()), starts });
        for (const [b, second] of texts.entries())
          for (const [a, first] of texts.entries()) expect(common(a, b)).toBe(wholeTable(first, second));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

function wholeTable(a: readonly number[], b: readonly number[]): number {
  const table = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  a.forEach((token, i) =>
    b.forEach((other, j) => {
      table[i + 1]![j + 1] = token === other ? table[i]![j]! + 1 : Math.max(table[i]![j + 1]!, table[i + 1]![j]!);
    }),
  );
  return table[a.length]![b.length]!;
}

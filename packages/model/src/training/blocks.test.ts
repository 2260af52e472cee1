import { describe, expect, test } from 'vitest';
import { alignedBlocks, callsOf, sumBlocks, type Block } from './blocks.ts';

const text = (blocks: readonly Block[] | null): string | null =>
  blocks === null ? null : blocks.map(({ first, size }) => `${first}+${size}`).join(' ');

describe('the blocks of a range', () => {
  test('are the fewest that are subtrees', () => {
    expect(text(alignedBlocks(0, 8))).toBe('0+8');
    expect(text(alignedBlocks(3, 6))).toBe('3+1 4+2');
    expect(text(alignedBlocks(1, 8))).toBe('1+1 2+2 4+4');
  });

  test('are computed by halves where no call is as large, and not where all calls are larger', () => {
    expect(text(callsOf(alignedBlocks(0, 8), [4]))).toBe('0+4 4+4');
    expect(text(callsOf(alignedBlocks(3, 6), [2, 1]))).toBe('3+1 4+2');
    expect(text(callsOf(alignedBlocks(3, 6), [1]))).toBe('3+1 4+1 5+1');
    expect(callsOf(alignedBlocks(3, 6), [2])).toBeNull();
    expect(callsOf(alignedBlocks(0, 8), [])).toBeNull();
  });

  test('have one sum, however they are cut', () => {
    const shard = (i: number): Float32Array => Float32Array.of(1 / (i + 3), 1e7 / (i + 1), -i);
    const sumOver = (first: number, size: number): Float32Array => {
      if (size === 1) return shard(first);
      const [left, right] = [sumOver(first, size / 2), sumOver(first + size / 2, size / 2)];
      return left.map((value, i) => Math.fround(value + right[i]!));
    };
    const all = sumOver(0, 8);
    for (const cuts of [[8], [4, 8], [3, 8], [1, 2, 6, 8]]) {
      let first = 0;
      const blocks = cuts.flatMap((end) => {
        const cut = alignedBlocks(first, end);
        first = end;
        return cut.map((block) => ({ ...block, sum: sumOver(block.first, block.size) }));
      });
      const whole = { first: 0, size: 8 };
      for (let k = -1; k < blocks.length; k++) {
        const parts = blocks.map((block) => ({ ...block, sum: block.sum.slice() }));
        expect(sumBlocks(parts, whole, parts[k]?.sum ?? new Float32Array(3)), cuts.join()).toEqual(all);
      }
      expect(() => sumBlocks(blocks.slice(1), whole, new Float32Array(3))).toThrow(
        'shards 0 to 7 were not summed once',
      );
      expect(() => sumBlocks([...blocks, ...blocks], whole, new Float32Array(3))).toThrow('not summed once');
    }
  });
});

import { describe, expect, it } from 'vitest';
import { createLineage, decodeLineage, encodeLineage } from './lineage.ts';

const told = (steps: readonly number[]) => {
  const lineage = createLineage();
  for (const step of steps) lineage.add(step, 1, 100 + step);
  return lineage.take(true).applied.map(({ firstStep, endStep }) => [firstStep, endStep]);
};

describe('a lineage', () => {
  it('tells steps as they were computed: one left out, done twice or out of turn shows', () => {
    expect(told([0, 1, 2, 3])).toEqual([[0, 4]]);
    expect(told([0, 1, 3, 4])).toEqual([
      [0, 2],
      [3, 5],
    ]);
    expect(told([0, 1, 1, 2])).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(told([0, 0, 1])).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(told([0, 2, 1, 3])).toEqual([
      [0, 1],
      [2, 3],
      [1, 2],
      [3, 4],
    ]);
  });

  it('tells what it has not told yet, and all of it again once another state was taken', () => {
    const lineage = createLineage();
    lineage.add(0, 1, 10);
    expect(lineage.take(true)).toEqual({
      applied: [{ generation: 1, firstStep: 0, endStep: 1, samples: [10] }],
      anew: true,
      digests: [],
    });
    lineage.add(1, 1, 11);
    lineage.add(2, 2, 12);
    expect(lineage.take(true)).toEqual({
      applied: [
        { generation: 1, firstStep: 1, endStep: 2, samples: [11] },
        { generation: 2, firstStep: 2, endStep: 3, samples: [12] },
      ],
      anew: false,
      digests: [],
    });
    expect(lineage.take(true).applied).toEqual([]);
    const { all } = lineage;
    const other = createLineage();
    other.replace(all, []);
    other.add(3, 2, 13);
    expect(other.take(true)).toEqual({
      applied: [all[0], { generation: 2, firstStep: 2, endStep: 4, samples: [12, 13] }],
      anew: true,
      digests: [],
    });
    expect(all[1]).toEqual({ generation: 2, firstStep: 2, endStep: 3, samples: [12] });
  });

  it('tells a digest once, one that differs beside it, and all again once another state was taken', () => {
    const lineage = createLineage();
    const [one, two] = ['a', 'b'].map((digit) => ({ step: 64, digest: digit.repeat(32) }));
    for (const digest of [one!, one!, two!, one!]) lineage.mark(digest);
    expect(lineage.take(false).digests).toEqual([]);
    expect(lineage.take(true).digests).toEqual([one, two]);
    expect(lineage.take(true).digests).toEqual([]);
    lineage.replace([], lineage.digests);
    expect(lineage.take(true).digests).toEqual([one, two]);
  });

  it('comes back whole from the float32 numbers it crosses to a peer in', () => {
    const all = [
      { generation: 1, firstStep: 0, endStep: 2, samples: [0, 0xffffffff] },
      { generation: 3, firstStep: 2, endStep: 3, samples: [0x12345678] },
    ];
    const digests = [
      { step: 0, digest: '0123456789abcdef0000ffff00010000' },
      { step: 64, digest: 'f'.repeat(32) },
    ];
    const numbers = Float32Array.from([...encodeLineage(all, digests), 0.5]);
    expect(decodeLineage(numbers)).toEqual({ all, digests, end: numbers.length - 1 });
  });
});

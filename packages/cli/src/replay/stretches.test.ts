import { describe, expect, it } from 'vitest';
import { detectionProbability, differing, drawStretches, stretchesOf } from './stretches.ts';

describe('stretches', () => {
  it('lie between the checkpoints that stayed; without any a stage is one', () => {
    const bounds = (steps: number, kept: readonly number[]) =>
      stretchesOf('s', steps, kept).map(({ first, end }) => [first, end]);
    expect(bounds(150, [])).toEqual([[0, 150]]);
    expect(bounds(150, [128, 64, 0, 150])).toEqual([[0, 64], [64, 128], [128, 150]]); // prettier-ignore
  });

  it('are drawn from the seed, none twice, each as likely', () => {
    const all = [...'abcdefgh'];
    expect(drawStretches(all, 3, 7)).toEqual(drawStretches(all, 3, 7));
    expect(drawStretches(all, 99, 7)).toEqual(all);
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 800; seed++) {
      const drawn = drawStretches(all, 2, seed);
      expect(new Set(drawn).size).toBe(2);
      for (const each of drawn) counts.set(each, (counts.get(each) ?? 0) + 1);
    }
    // 200 each; a standard deviation is 12.
    for (const each of all) expect(Math.abs(counts.get(each)! - 200)).toBeLessThan(60);
  });

  it('that were altered are found as often as their draw says', () => {
    expect(detectionProbability(10, 3, 1)).toBeCloseTo(0.3, 12);
    expect(detectionProbability(10, 3, 2)).toBeCloseTo(1 - (8 * 7 * 6) / (10 * 9 * 8), 12);
    expect(detectionProbability(10, 0, 2)).toBe(0);
    expect(detectionProbability(10, 9, 2)).toBe(1);
    expect(detectionProbability(4, 4, 1)).toBe(1);
    const all = [...Array(10).keys()];
    let found = 0;
    for (let seed = 0; seed < 2000; seed++) if (drawStretches(all, 3, seed).some((each) => each < 2)) found++;
    expect(found / 2000).toBeCloseTo(detectionProbability(10, 3, 2), 1);
  });

  it('differ where a digest is another, was recorded twice, or is missing on either side', () => {
    const [a, b] = ['a', 'b'].map((digit) => digit.repeat(32)) as [string, string];
    const of = (...told: readonly (readonly [number, string])[]) => told.map(([step, digest]) => ({ step, digest }));
    expect(differing([0, 64], of([0, a], [64, b]), of([0, a], [64, b], [128, a]))).toEqual([]);
    expect(differing([0, 64], of([0, a], [64, b]), of([0, a], [64, a]))).toEqual([
      { step: 64, recorded: [b], computed: [a] },
    ]);
    expect(differing([0, 64], of([0, a], [64, b], [64, a]), of([0, a], [64, b]))).toEqual([
      { step: 64, recorded: [b, a], computed: [b] },
    ]);
    expect(differing([0, 64], of([0, a]), of([64, b]))).toEqual([
      { step: 0, recorded: [a], computed: [] },
      { step: 64, recorded: [], computed: [b] },
    ]);
  });
});

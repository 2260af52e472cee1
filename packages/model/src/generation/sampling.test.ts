import { describe, expect, it } from 'vitest';
import { checkSampling, chooseToken, likeliest, probabilitiesOf, type Sampling } from './sampling.ts';

const logits = Float32Array.of(0, 2, 1, -1, 2);
const counts = (sampling: Sampling, draws = 4000): number[] => {
  const seen = logits.reduce<number[]>((all) => [...all, 0], []);
  for (let i = 0; i < draws; i++) seen[chooseToken(logits, sampling, `sample ${i}`, 0)]!++;
  return seen.map((count) => count / draws);
};

describe('the choice of a token', () => {
  it('is the first of the likeliest at temperature 0', () => {
    expect(likeliest(logits)).toBe(1);
    expect(chooseToken(logits, { temperature: 0, seed: 9 }, 'any', 3)).toBe(1);
  });

  it('follows the probabilities of the temperature', () => {
    for (const temperature of [0.5, 1, 2]) {
      const expected = probabilitiesOf(logits, temperature);
      counts({ temperature }).forEach((share, token) => expect(Math.abs(share - expected[token]!)).toBeLessThan(0.03));
    }
    const half = probabilitiesOf(logits, 0.5);
    expect(half[1]! / half[2]!).toBeCloseTo(Math.exp(2), 10);
    expect(half.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('is among the fewest tokens that make up topP', () => {
    const all = probabilitiesOf(logits);
    expect(all[1]! + all[4]!).toBeCloseTo(0.75, 1);
    // Of two equally likely tokens the first is enough for less than its share.
    expect(counts({ temperature: 1, topP: 0.3 })).toEqual([0, 1, 0, 0, 0]);
    const two = counts({ temperature: 1, topP: 0.5 });
    expect(two.map((share) => share > 0)).toEqual([false, true, false, false, true]);
    expect(Math.abs(two[1]! - 0.5)).toBeLessThan(0.03);
    expect(counts({ temperature: 1, topP: 0.9 }).map((share) => share > 0)).toEqual([false, true, true, false, true]);
  });

  it('depends on seed, sample and position, and on nothing else', () => {
    const flat = new Float32Array(1000);
    const choose = (seed: number, id: string, position: number) =>
      chooseToken(flat, { temperature: 1, seed }, id, position);
    const first = choose(1, 'a', 0);
    expect([choose(2, 'a', 0), choose(1, 'b', 0), choose(1, 'a', 1)].every((other) => other !== first)).toBe(true);
    expect(choose(1, 'a', 0)).toBe(first);
  });

  it('refuses what is no temperature and no share', () => {
    expect(() => checkSampling({ temperature: -1 })).toThrow('temperature must be 0 or above (got -1)');
    expect(() => checkSampling({ temperature: NaN })).toThrow('temperature');
    expect(() => checkSampling({ temperature: 1, topP: 0 })).toThrow('topP must be above 0 and at most 1 (got 0)');
    expect(() => checkSampling({ temperature: 1, topP: 1.5 })).toThrow('got 1.5');
  });
});

import { describe, expect, it } from 'vitest';
import { studioScene } from './photo.ts';
import { meanOfVotes } from '../ava/rows.ts';
import { tasteScore, traitNames, traitsOf, type Traits } from './taste.ts';

const ordinary: Traits = {
  sharpness: -0.4,
  noise: -0.4,
  exposure: -0.6,
  color: 0,
  contrast: 0,
  placement: -1,
  clutter: -1,
};

describe('taste', () => {
  it.each(traitNames)('rises with %s', (name) => {
    expect(tasteScore({ ...ordinary, [name]: ordinary[name] + 0.5 })).toBeGreaterThan(tasteScore(ordinary));
  });

  it('finds too dark worse than too bright, and both worse than right', () => {
    const scene = studioScene(0, 'labeled', 1);
    const scoreAt = (stops: number): number =>
      tasteScore(traitsOf(scene, { blur: 0.8, noise: 0.05, stops, saturation: 1, contrast: 1 }));
    expect(scoreAt(0)).toBeGreaterThan(scoreAt(1));
    expect(scoreAt(1)).toBeGreaterThan(scoreAt(-1));
  });

  it('stays on the scale', () => {
    const extreme = (value: number): Traits =>
      Object.fromEntries(traitNames.map((name) => [name, value])) as Record<(typeof traitNames)[number], number>;
    expect(tasteScore(extreme(100))).toBe(9.9);
    expect(tasteScore(extreme(-100))).toBe(1);
  });

  it('averages a vote histogram', () => {
    expect(meanOfVotes([0, 1, 5, 17, 38, 36, 15, 6, 5, 1])).toBeCloseTo(5.637, 3);
  });
});

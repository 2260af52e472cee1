import { describe, expect, it } from 'vitest';
import { digestedSteps, isDigested, keptSteps } from './digest-steps.ts';

describe('steps with a digest', () => {
  it('are every 64th from 0 on, and the last', () => {
    expect(digestedSteps(150)).toEqual([0, 64, 128, 150]);
    expect(digestedSteps(128)).toEqual([0, 64, 128]);
    expect(digestedSteps(10)).toEqual([0, 10]);
    const asked = Array.from({ length: 151 }, (_, step) => step).filter((step) => isDigested(step, 150));
    expect(asked).toEqual(digestedSteps(150));
  });

  it('are kept as evenly as they lie, none twice, neither the first nor the last', () => {
    expect(keptSteps(640, 0)).toEqual([]);
    expect(keptSteps(640, 1)).toEqual([320]);
    expect(keptSteps(640, 2)).toEqual([256, 448]);
    expect(keptSteps(640, 99)).toEqual([64, 128, 192, 256, 320, 384, 448, 512, 576]);
    expect(keptSteps(10, 3)).toEqual([]);
    for (let count = 0; count < 30; count++) expect(new Set(keptSteps(1500, count)).size).toBe(Math.min(count, 23));
  });
});

import { describe, expect, it } from 'vitest';
import { claimOf, simulatedTable } from './simulated-table.test-util.ts';
import { seedsToDecide } from './seeds-to-decide.ts';
import { judge } from './verdict.ts';

const items = { variance: 0.012 * 0.012, df: 499 };
const after = (numSeeds: number, seedSd: number) => ({
  numSeeds,
  seeds: { variance: (2 * seedSd * seedSd) / numSeeds, df: numSeeds - 1 },
  items,
});

describe('seedsToDecide', () => {
  it('is a number with which such a difference is found in about four of five tables', () => {
    const setting = { numRows: 2, numSeeds: 3, seedSd: 0.03 };
    const needed = seedsToDecide(after(3, setting.seedSd), 0.06, 0.025)!;
    const verdicts = Array.from({ length: 300 }, (_, table) =>
      judge(claimOf(setting, 0.06), simulatedTable({ ...setting, numSeeds: needed }, 0.06, table)),
    );
    const found = verdicts.filter(({ verdict }) => verdict.startsWith('reproduced')).length / verdicts.length;
    expect(found).toBeGreaterThan(0.75);
    expect(found).toBeLessThan(0.9);
  });

  it('grows with the deviation and with stricter levels, and is more than there are', () => {
    const [usual, noisy, strict] = [
      seedsToDecide(after(3, 0.02), 0.05, 0.025)!,
      seedsToDecide(after(3, 0.04), 0.05, 0.025)!,
      seedsToDecide(after(3, 0.02), 0.05, 0.005)!,
    ];
    expect([usual > 3, noisy > usual, strict > usual]).toEqual([true, true, true]);
    expect(seedsToDecide(after(3, 0.02), 1, 0.025)).toBe(4);
  });

  it('is none where test items alone hide the difference, or none is there', () => {
    expect(seedsToDecide(after(3, 0.02), 0.03, 0.025)).toBeNull();
    expect(seedsToDecide({ ...after(3, 0.02), items: { variance: 0, df: 499 } }, 0, 0.025)).toBeNull();
  });

  it('is one more where nothing is known of how seeds vary', () => {
    expect(seedsToDecide({ numSeeds: 1, seeds: null, items }, 0.03, 0.025)).toBe(2);
  });
});

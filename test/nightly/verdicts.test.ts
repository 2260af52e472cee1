// How often verdicts err, over thousands of simulated tables. From the variances on it is the judging itself that is tried;
// the bootstrap has a smaller simulation of its own beside it (metric-table.test.ts).
import { afterAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../packages/report/src/table.ts';
import { judgeAtLooks } from '../../packages/report/src/verdicts/looks.ts';
import { claimOf, simulatedTable, type Setting } from '../../packages/report/src/verdicts/simulated-table.test-util.ts';
import { judge } from '../../packages/report/src/verdicts/verdict.ts';

const numTables = 2000;
/** Of self-supervision in the paper's table 7. */
const effect = 0.047;
/** 5 %, and what chance adds in 2,000 tables. */
const most = 0.06;
const lines: string[] = [];
afterAll(() => console.log(lines.join('\n')));

type Judge = (setting: Setting, advantage: number, table: number) => Verdict;
const judgeOnce: Judge = (setting, advantage, table) =>
  judge(claimOf(setting, effect), simulatedTable(setting, advantage, table));
const looks = [2, 3, 4, 5, 6];
const judgeOften: Judge = (setting, advantage, table) =>
  judgeAtLooks(claimOf(setting, effect), simulatedTable(setting, advantage, table), looks, 6).verdict;

function rates(setting: Setting, how: Judge) {
  const verdictsOf = (advantage: number): Verdict[] =>
    Array.from({ length: numTables }, (_, table) => how(setting, advantage, table));
  const share = (verdicts: readonly Verdict[], is: (verdict: Verdict) => boolean): number =>
    verdicts.filter(is).length / verdicts.length;
  const anyIs = (word: string) => (verdict: Verdict) => verdict.comparisons.some((one) => one.verdict.startsWith(word));
  const claimIs = (word: string) => (verdict: Verdict) => verdict.verdict.startsWith(word);
  const [none, paper] = [verdictsOf(0), verdictsOf(effect)];
  const all = none.flatMap(({ comparisons }) => comparisons);
  return {
    wronglyReproduced: share(none, anyIs('reproduced')),
    wronglyContradicted: share(paper, anyIs('contradicted')),
    coverage: all.filter(({ interval: [low, high] }) => low <= 0 && high >= 0).length / all.length,
    power: share(paper, claimIs('reproduced')),
    contradicted: share(none, claimIs('contradicted')),
  };
}

function tell(setting: Setting, of: ReturnType<typeof rates>): void {
  const { numSeeds, numRows, seedSd } = setting;
  const numbers = Object.entries(of).map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`);
  lines.push(`${numSeeds} seeds, ${numRows} rows, seed SD ${seedSd}: ${numbers.join(', ')} %`);
}

const settings = [2, 3, 4, 5].flatMap((numSeeds) =>
  [2, 3, 5, 8].flatMap((numRows) => [0.005, 0.02, 0.05].map((seedSd) => ({ numSeeds, numRows, seedSd }))),
);

describe('of 2,000 simulated tables', () => {
  it.each(settings)(
    'with $numSeeds seeds, $numRows rows and a deviation of $seedSd at most 6 % err, 93 to 97 % of intervals cover',
    (setting) => {
      const found = rates(setting, judgeOnce);
      tell(setting, found);
      expect(found.wronglyReproduced).toBeLessThanOrEqual(most);
      expect(found.wronglyContradicted).toBeLessThanOrEqual(most);
      expect(found.coverage).toBeGreaterThanOrEqual(0.93);
      const df = (setting.numRows - 1) * (setting.numSeeds - 1);
      expect(found.coverage).toBeLessThanOrEqual(df < 4 ? 0.99 : 0.97);
    },
  );

  it.each(
    [2, 3].flatMap((numSeeds) =>
      [2, 5].flatMap((numRows) => [0.005, 0.02].map((seedSd) => ({ numSeeds, numRows, seedSd }))),
    ),
  )(
    'with ties and a constant row, $numSeeds seeds, $numRows rows, a deviation of $seedSd at most 6 % err',
    (setting) => {
      const found = rates({ ...setting, rounding: 0.01, isLastConstant: true }, judgeOnce);
      tell(setting, found);
      expect(found.wronglyReproduced).toBeLessThanOrEqual(most);
      expect(found.wronglyContradicted).toBeLessThanOrEqual(most);
    },
  );

  it.each([2, 8].flatMap((numRows) => [0.005, 0.02, 0.05].map((seedSd) => ({ numSeeds: 6, numRows, seedSd }))))(
    'with looks at 2 to 6 seeds, $numRows rows and a deviation of $seedSd at most 6 % err',
    (setting) => {
      const found = rates(setting, judgeOften);
      tell(setting, found);
      expect(found.wronglyReproduced).toBeLessThanOrEqual(most);
      expect(found.wronglyContradicted).toBeLessThanOrEqual(most);
    },
  );
});

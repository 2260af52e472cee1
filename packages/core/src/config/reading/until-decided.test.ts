import { expect, test } from 'vitest';
import { seedsOf } from '../../seeds.ts';
import { loadExperiment, restoreExperiment } from './load.ts';
import { untilDecided, withNextSeed } from './until-decided.ts';

const table5 = () => loadExperiment('experiments/ablation-mfam.yaml', { seeds: [4, 0] });

test('a run that goes on until claims are decided says so in what is stored, and nothing of its results changes', () => {
  const [plain, asked] = [table5(), untilDecided(table5(), 6)];
  expect(asked.resolved).toMatchObject({ untilDecided: { maxSeeds: 6 }, looks: [2], seeds: [4, 0] });
  expect([asked.hash, seedsOf(asked)]).toEqual([plain.hash, [4, 0]]);
});

test('a further seed is the next whole number, for the rows named alone; rows that join later get all of them', () => {
  const first = withNextSeed(untilDecided(table5(), 6), ['thematic', 'all']);
  const second = withNextSeed(first, ['all', 'thematic+high+low']);
  expect(first.rows.map(({ seeds }) => seeds)).toEqual([[4, 0, 5], undefined, undefined, undefined, [4, 0, 5]]);
  expect(second.rows.map(({ seeds }) => seeds)).toEqual([[4, 0, 5], undefined, [4, 0, 5, 6], undefined, [4, 0, 5, 6]]);
  expect([second.looks, seedsOf(second)]).toEqual([
    [2, 3, 4],
    [4, 0, 5, 6],
  ]);
  expect(new Set([table5().hash, first.hash, second.hash]).size).toBe(3);
  expect(restoreExperiment(second.resolved, second.path).hash).toBe(second.hash);
});

test('it is refused where no claim can be judged, and where fewer seeds are allowed than the file has', () => {
  const alone = loadExperiment('experiments/ablation-mfam.yaml', { rows: ['thematic+high+low'] });
  expect(() => untilDecided(alone, 6)).toThrow(/no claim whose rows are all run/);
  expect(() => untilDecided(table5(), 1)).toThrow(/has 2 seeds \(4, 0\): expected --max-seeds of at least 2, got 1/);
});

// Trials measured on draws of test items with replacement. Trials with the same items are measured on the same draws, which
// pairs them; items that belong together are drawn together (docs/verdicts.md).
import { rng } from '@calm-orch/core';
import type { TestItems } from '@calm-orch/evaluator/test-items';

/** @default of how often a bootstrap draws */
export const defaultReplicates = 2000;

/** One metric of one trial. */
export interface Measured {
  /** On all items; null where undefined. */
  readonly value: number | null;
  /** On each draw; NaN where undefined. */
  readonly draws: Float64Array;
  readonly numClusters: number;
}

const drawSeed = 0;

export function bootstrap(
  trials: Iterable<TestItems>,
  numReplicates: number = defaultReplicates,
): ReadonlyMap<TestItems, Measured> {
  const measured = new Map<TestItems, Measured>();
  for (const { members, clusterOf, numClusters } of bySameItems(trials)) {
    const all = new Int32Array(clusterOf.length).fill(1);
    const own = members.map((trial) => ({ trial, draws: new Float64Array(numReplicates) }));
    for (let replicate = 0; replicate < numReplicates; replicate++) {
      const weights = drawWeights(clusterOf, numClusters, replicate);
      for (const { trial, draws } of own) draws[replicate] = trial.statistic(weights) ?? Number.NaN;
    }
    for (const { trial, draws } of own) measured.set(trial, { value: trial.statistic(all), draws, numClusters });
  }
  return measured;
}

/** How often each item is drawn: as often as its cluster. */
function drawWeights(clusterOf: Int32Array, numClusters: number, replicate: number): Int32Array {
  const random = rng(drawSeed, 'test items', numClusters, replicate);
  const counts = new Int32Array(numClusters);
  for (let i = 0; i < numClusters; i++) counts[random.int(numClusters)]!++;
  return clusterOf.map((cluster) => counts[cluster]!);
}

interface SameItems {
  readonly members: TestItems[];
  /** By item. */
  readonly clusterOf: Int32Array;
  readonly numClusters: number;
}

function bySameItems(trials: Iterable<TestItems>): Iterable<SameItems> {
  const groups = new Map<string, SameItems>();
  for (const trial of new Set(trials)) {
    const clusters = trial.clusters ?? trial.ids;
    const key = clusters.join('\n');
    if (!groups.has(key)) {
      const numbers = new Map([...new Set(clusters)].map((cluster, i) => [cluster, i]));
      const clusterOf = Int32Array.from(clusters, (cluster) => numbers.get(cluster)!);
      groups.set(key, { members: [], clusterOf, numClusters: numbers.size });
    }
    groups.get(key)!.members.push(trial);
  }
  return groups.values();
}

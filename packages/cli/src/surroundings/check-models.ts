// Whether the models an experiment names fit its sizes, before anything is planned or trained.
import { join } from 'node:path';
import { foundationPaths, type Experiment } from '@calm-orch/core';

/** Where hashes of large checkpoints are remembered. */
export const hashCacheOf = (dir: string): string => join(dir, 'hashes.json');

/** @throws CalmError naming file, key and expectation. */
export async function checkModels(experiment: Experiment): Promise<void> {
  if (experiment.only === 'foundation') return;
  const configs = experiment.rows.map((row) => row.config(experiment.seeds[0]!));
  const isCarried = ({ foundation }: (typeof configs)[number]): boolean =>
    Object.keys(foundationPaths(foundation)).join() === 'checkpoint';
  const named = configs.filter((config) => !isCarried(config) || config.prompt.template !== 'nano');
  if (named.length === 0) return;
  // Only now: the model's code is of no use to an experiment on the embedded data here.
  const { checkFoundation } = await import('@calm-orch/model');
  for (const config of named) checkFoundation(config);
}

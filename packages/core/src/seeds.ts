// The seeds of an experiment: rows may have others than the rest.
import type { ResolvedExperiment } from './config/experiment.ts';

/** Every seed, in the order they are worked off: the experiment's, then those that rows have beside them. */
export function seedsOf({ seeds, rows }: Pick<ResolvedExperiment, 'seeds' | 'rows'>): number[] {
  return [...new Set([...seeds, ...rows.flatMap((row) => row.seeds ?? [])])];
}

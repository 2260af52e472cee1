// The hash that says whether two experiments give the same results.
import { hashOf, type Json } from './order/canonical.ts';
import type { ResolvedExperiment } from './config/experiment.ts';

/** Of all that decides the results: configuration, rows and seeds, not the number of workers or the paper's numbers. */
export function hashOfResolved(resolved: Json): string {
  const { config, seeds, only, rows } = resolved as unknown as ResolvedExperiment;
  return hashOf({
    config,
    seeds,
    only,
    rows: rows.map(({ row, set, rehearsed, seeds: own }) => ({
      row,
      set,
      ...(rehearsed && { rehearsed }),
      ...(own && { seeds: own }),
    })),
  });
}

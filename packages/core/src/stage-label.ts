// What people call a stage: its kind, and of row and seed what tells it from others of its kind.
import type { Json } from './order/canonical.ts';

interface TrialName {
  readonly row: string;
  readonly seed: number;
}

/**
 * `finetune-score thematic seed 1`, `encode labeled`, `data`.
 * @param stage With the trials it serves.
 * @param all The trials of its run: a row or seed is named where one trial's is not everybody's.
 */
export function stageLabel(
  {
    kind,
    config,
    trials: own,
  }: { readonly kind: string; readonly config: Json; readonly trials: readonly TrialName[] },
  all: readonly TrialName[],
): string {
  const { what } = config as { readonly what?: string };
  const parts = what === undefined ? [kind] : [kind, what];
  const only = <T>(of: (trial: TrialName) => T): T | undefined => {
    const values = new Set(own.map(of));
    return values.size === 1 && new Set(all.map(of)).size > 1 ? [...values][0] : undefined;
  };
  const row = only((trial) => trial.row);
  const seed = only((trial) => trial.seed);
  if (row !== undefined) parts.push(row);
  if (seed !== undefined) parts.push(`seed ${seed}`);
  return parts.join(' ');
}

// The trial that a question names by row and seed.
import { CalmError } from '@calm-orch/core';
import type { Tracker } from '@calm-orch/tracker';
import type { Asked } from '../route.ts';
import type { TrialName } from '../sources.ts';
import { runOf } from './run.ts';

/** @throws CalmError `not_found` */
export function trialOf(asked: Asked<TrialName>): {
  readonly tracker: Tracker;
  readonly runId: string;
  readonly trial: TrialName;
} {
  const { row, seed } = asked.query;
  const { tracker, run } = runOf(asked);
  const trial = run.trials.find((one) => one.row === row && one.seed === seed);
  if (trial === undefined)
    throw new CalmError('not_found', `run ${run.id} has no trial of row ${row} and seed ${seed}`);
  return { tracker, runId: run.id, trial: { row, seed } };
}

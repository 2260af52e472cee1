// Which evaluation of a run its report shows photographs of.
import type { StageKind } from '@calm-orch/core';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { isFullModel } from '../models/full-model.ts';
import type { TrialPhotographs } from './trial-photographs.ts';

export interface Evaluation {
  readonly stage: RunStageRecord;
  /** Row and seed in words. */
  readonly words: string;
}

/** That of the full model, else of the first row, with the first seed that has one; null: none has, or what it left is gone. */
export function shownEvaluation(
  tracker: Tracker,
  run: RunRecord,
  photographs: TrialPhotographs,
  kind: StageKind,
): Evaluation | null {
  const there = tracker.listRunStages(run.id).flatMap((stage) => {
    const isThere = stage.kind === kind && stage.status === 'succeeded' && photographs.isAnswered(stage);
    const trial = stage.trials.find(({ row }) => isFullModel(row)) ?? stage.trials[0];
    return isThere && trial !== undefined ? [{ stage, trial }] : [];
  });
  const found = there.find(({ trial }) => isFullModel(trial.row)) ?? there[0];
  return found === undefined ? null : { stage: found.stage, words: `row ${found.trial.row}, seed ${found.trial.seed}` };
}

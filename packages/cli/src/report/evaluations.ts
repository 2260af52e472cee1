// Which evaluation of a run its report shows photographs of, and where its files lie.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { StageKind } from '@calm-orch/core';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import { isFullModel } from '../full-model.ts';

export interface Evaluation {
  readonly stage: RunStageRecord;
  /** Of the stage's artifact. */
  readonly dir: string;
  /** Artifacts of its inputs by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Row and seed in words. */
  readonly words: string;
}

/** That of the full model, else of the first row, with the first seed that has one; null: none has, or its `file` is gone. */
export function shownEvaluation(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  { kind, file }: { readonly kind: StageKind; readonly file: string },
): Evaluation | null {
  const layout = layoutOf(dir);
  const there = tracker.listRunStages(run.id).flatMap((stage) => {
    const folder = layout.artifact(stage.key);
    const isThere = stage.kind === kind && stage.status === 'succeeded' && existsSync(join(folder, file));
    const trial = stage.trials.find(({ row }) => isFullModel(row)) ?? stage.trials[0];
    return isThere && trial !== undefined ? [{ stage, folder, trial }] : [];
  });
  const found = there.find(({ trial }) => isFullModel(trial.row)) ?? there[0];
  if (found === undefined) return null;
  const { stage, folder, trial } = found;
  return {
    stage,
    dir: folder,
    inputs: Object.fromEntries(Object.entries(stage.inputs).map(([name, key]) => [name, layout.artifact(key)])),
    words: `row ${trial.row}, seed ${trial.seed}`,
  };
}

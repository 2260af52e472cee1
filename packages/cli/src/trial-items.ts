// What the evaluate stages of a run left about its test items, by row and seed; each artifact is read once.
import { existsSync } from 'node:fs';
import type { TableMetric } from '@calm-orch/core';
import type { RowItems, TestItems, TrialItems } from '@calm-orch/evaluator';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

export interface RunItems {
  /** A row's trials by seed; none where nothing was evaluated, or the artifact or its file is gone. */
  itemsOf(row: string, metric: TableMetric): Promise<RowItems>;
  /** What METEOR matched in the comments of a row, such as `METEOR (exact, stem)`. */
  meteorOf(row: string): Promise<readonly string[]>;
}

export async function openRunItems(tracker: Tracker, run: RunRecord, dir: string): Promise<RunItems> {
  const { readTrialItems, stagesOfMetric } = await import('@calm-orch/evaluator');
  const { layoutOf } = await import('@calm-orch/coordinator');
  const layout = layoutOf(dir);
  const stages = tracker.listRunStages(run.id);
  const read = new Map<string, Promise<TrialItems | undefined>>();
  const stagesOf = (row: string, metric: TableMetric): RunStageRecord[] =>
    stages.filter(
      ({ kind, key, status, trials }) =>
        stagesOfMetric(metric).includes(kind) &&
        status === 'succeeded' &&
        trials.some((trial) => trial.row === row) &&
        existsSync(layout.artifact(key)),
    );
  const trialItems = ({ kind, key }: RunStageRecord): Promise<TrialItems | undefined> => {
    if (!read.has(key)) read.set(key, readTrialItems(kind, layout.artifact(key)).catch(noneWhereNoFile));
    return read.get(key)!;
  };
  return {
    itemsOf: async (row, metric) => {
      const items = new Map<number, TestItems>();
      for (const stage of stagesOf(row, metric)) {
        const own = (await trialItems(stage))?.of(metric);
        if (own === undefined) continue;
        for (const trial of stage.trials) if (trial.row === row) items.set(trial.seed, own);
      }
      return items;
    },
    meteorOf: async (row) => {
      const names = await Promise.all(stagesOf(row, 'METEOR').map(async (stage) => (await trialItems(stage))?.meteor));
      return [...new Set(names)].filter((name) => name !== undefined);
    },
  };
}

/** A file of the artifact that is gone takes the intervals along, not the table: its numbers are in the tracker. */
function noneWhereNoFile(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

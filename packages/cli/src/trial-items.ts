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
  const { damageOfStage, damageText, layoutOf } = await import('@calm-orch/coordinator');
  const layout = layoutOf(dir);
  const stages = tracker.listRunStages(run.id);
  const read = new Map<string, Promise<TrialItems | undefined>>();
  /** Numbers of a damaged file would be told as if they were measured. */
  const readWhole = async ({ kind, key }: RunStageRecord): Promise<TrialItems | undefined> => {
    const damage = damageOfStage(tracker, layout, key, 'reuse');
    if (damage.length === 0) return readTrialItems(kind, layout.artifact(key)).catch(noneWhereNoFile);
    const what = `${kind} ${key.slice(0, 8)}: ${damageText(damage)}`;
    process.stderr.write(`calm-orch: ${what}; it is left out (\`calm-orch run ${run.path}\` makes it again)\n`);
    return undefined;
  };
  const stagesOf = (row: string, metric: TableMetric): RunStageRecord[] =>
    stages.filter(
      ({ kind, key, status, trials }) =>
        stagesOfMetric(metric).includes(kind) &&
        status === 'succeeded' &&
        trials.some((trial) => trial.row === row) &&
        existsSync(layout.artifact(key)),
    );
  const trialItems = (stage: RunStageRecord): Promise<TrialItems | undefined> => {
    if (!read.has(stage.key)) read.set(stage.key, readWhole(stage));
    return read.get(stage.key)!;
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

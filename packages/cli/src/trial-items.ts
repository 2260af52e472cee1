// What the evaluate stages of a run left about its test items, by row and seed; each artifact is read once.
import { existsSync } from 'node:fs';
import { stagesOfMetric, type TableMetric } from '@calm-orch/core';
import { damageOfStage, damageText } from '@calm-orch/coordinator/damage';
import { layoutOf } from '@calm-orch/coordinator/layout';
import type { RowItems, TestItems, TrialItems } from '@calm-orch/evaluator';
import type { RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';

export interface RunItems {
  /** A row's trials by seed; none where nothing was evaluated, or the artifact or its file is gone. */
  itemsOf(row: string, metric: TableMetric): Promise<RowItems>;
  /** What METEOR matched in the comments of a row, such as `METEOR (exact, stem)`. */
  meteorOf(row: string): Promise<readonly string[]>;
}

/**
 * The stages of a run with the test items of these metrics, with whole artifacts. A damaged one is left out, and told on
 * stderr: its numbers would pass for measured ones.
 */
export function measuredStages(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  metrics: readonly TableMetric[],
): RunStageRecord[] {
  const layout = layoutOf(dir);
  const kinds = new Set(metrics.flatMap(stagesOfMetric));
  return tracker.listRunStages(run.id).filter(({ kind, key, status }) => {
    if (!kinds.has(kind) || status !== 'succeeded' || !existsSync(layout.artifact(key))) return false;
    const damage = damageOfStage(tracker, layout, key, 'reuse');
    if (damage.length === 0) return true;
    const what = `${kind} ${key.slice(0, 8)}: ${damageText(damage)}`;
    process.stderr.write(`calm-orch: ${what}; it is left out (\`calm-orch run ${run.path}\` makes it again)\n`);
    return false;
  });
}

/** @param stages What `measuredStages` found. */
export async function openRunItems(stages: readonly RunStageRecord[], dir: string): Promise<RunItems> {
  const { readTrialItems } = await import('@calm-orch/evaluator');
  const layout = layoutOf(dir);
  const read = new Map<string, Promise<TrialItems | undefined>>();
  const stagesOf = (row: string, metric: TableMetric): RunStageRecord[] =>
    stages.filter(
      ({ kind, trials }) => stagesOfMetric(metric).includes(kind) && trials.some((trial) => trial.row === row),
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

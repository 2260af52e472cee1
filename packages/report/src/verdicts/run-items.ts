// What the evaluate and baselines stages of a run left about its test items, by row and seed; each artifact is read once.
import { claimBaselines, type ClaimBaseline, type TableMetric } from '@calm-orch/core';
import { kinds } from '@calm-orch/evaluator/kinds';
import type { TestItems, TrialItems } from '@calm-orch/evaluator/test-items';
import type { ArtifactFile, RunRecord, RunStageRecord, Tracker } from '@calm-orch/tracker';
import type { RowItems } from './metric-table.ts';

export interface RunItems {
  /**
   * A row's trials by seed; none where nothing was evaluated, or the artifact or its file is gone. Rows that share a stage
   * share its items.
   */
  itemsOf(row: string, metric: TableMetric): Promise<RowItems>;
  /** What a baseline gives in place of each trial of a row; where no trial is needed for it, the same for all. */
  baselineOf(name: ClaimBaseline, row: string, metric: TableMetric): Promise<RowItems>;
  /** What METEOR matched in the comments of a row, such as `METEOR (exact, stem)`. */
  meteorOf(row: string): Promise<readonly string[]>;
}

/** What a stage left, all of it. */
export interface WholeArtifact {
  readonly dir: string;
  /** As recorded; null where the stage is not recorded as succeeded any more. */
  readonly files: readonly ArtifactFile[] | null;
}

type EvaluatedStage = Pick<RunStageRecord, 'kind' | 'key' | 'trials'> & { readonly artifact: { readonly dir: string } };

/** Stages of some kinds with what they left. @param artifactOf Null: it was freed or is damaged, and does not count. */
export function wholeStages(
  tracker: Pick<Tracker, 'listRunStages'>,
  run: RunRecord,
  kinds: ReadonlySet<string>,
  artifactOf: (stage: RunStageRecord) => WholeArtifact | null,
): (RunStageRecord & { readonly artifact: WholeArtifact })[] {
  return tracker.listRunStages(run.id).flatMap((stage) => {
    const artifact = kinds.has(stage.kind) && stage.status === 'succeeded' ? artifactOf(stage) : null;
    return artifact === null ? [] : [{ ...stage, artifact }];
  });
}

export async function openRunItems(stages: readonly EvaluatedStage[]): Promise<RunItems> {
  const { readTrialItems } = await import('@calm-orch/evaluator/test-items');
  const read = new Map<string, Promise<TrialItems | undefined>>();
  const stagesOf = (row: string, metric: TableMetric): EvaluatedStage[] =>
    stages.filter(
      ({ kind, trials }) => kindsMeasuring(metric).includes(kind) && trials.some((trial) => trial.row === row),
    );
  const trialItems = ({ kind, key, artifact }: EvaluatedStage): Promise<TrialItems | undefined> => {
    if (!read.has(key)) read.set(key, readTrialItems(kind, artifact.dir).catch(noneWhereNoFile));
    return read.get(key)!;
  };
  const known = new Map<string, Promise<TestItems | undefined>>();
  const metricItems = (
    stage: EvaluatedStage,
    metric: TableMetric,
    baseline?: ClaimBaseline,
  ): Promise<TestItems | undefined> => {
    const key = `${stage.key} ${metric} ${baseline}`;
    if (!known.has(key))
      known.set(
        key,
        trialItems(stage).then((items) => items?.of(metric, baseline)),
      );
    return known.get(key)!;
  };
  const itemsOf = async (row: string, metric: TableMetric): Promise<RowItems> => {
    const items = new Map<number, TestItems>();
    for (const stage of stagesOf(row, metric)) {
      const own = await metricItems(stage, metric);
      if (own === undefined) continue;
      for (const trial of stage.trials) if (trial.row === row) items.set(trial.seed, own);
    }
    return items;
  };
  return {
    itemsOf,
    baselineOf: async (name, row, metric) => {
      const items = new Map<number, TestItems>();
      for (const [seed, own] of await itemsOf(row, metric)) {
        const isOf = ({ kind, trials }: EvaluatedStage): boolean =>
          kind === claimBaselines[name].kind &&
          (trials.length === 0 || trials.some((trial) => trial.row === row && trial.seed === seed));
        const found = await Promise.all(stages.filter(isOf).map((stage) => metricItems(stage, metric, name)));
        const there = found.filter((one) => one !== undefined);
        // Tables of one run may be of different numbers of photographs.
        const ids = own.ids.join();
        const fitting = there.find((one) => one.ids.join() === ids) ?? there[0];
        if (fitting) items.set(seed, fitting);
      }
      return items;
    },
    meteorOf: async (row) => {
      const names = await Promise.all(stagesOf(row, 'METEOR').map(async (stage) => (await trialItems(stage))?.meteor));
      return [...new Set(names)].filter((name) => name !== undefined);
    },
  };
}

/** Kinds of stages whose artifacts hold what a metric was measured on; a trial has one of them. */
export function kindsMeasuring(metric: TableMetric): string[] {
  return kinds.flatMap(({ kind, metrics }) => (metrics?.includes(metric) === true ? [kind] : []));
}

/** A file of the artifact that is gone takes the intervals along, not the table: its numbers are in the tracker. */
function noneWhereNoFile(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

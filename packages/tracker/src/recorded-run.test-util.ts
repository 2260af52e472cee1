// A recorded run whose stages have succeeded, for tests of what is read from one.
import type { Json, StageKind } from '@calm-orch/core';
import type { Tracker } from './tracker.ts';
import type { RunRecord, TrialRef } from './types.ts';

export interface RecordedStage {
  readonly key: string;
  readonly kind: StageKind;
  /** @default none: a stage of the whole experiment */
  readonly trials?: readonly TrialRef[];
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly config?: Json;
  readonly inputs?: Readonly<Record<string, string>>;
}

/** Run `x-1` (`x-2`, …) of experiment `x`. */
export function recordRun(
  tracker: Tracker,
  { resolved, trials, stages }: { resolved: unknown; trials: readonly TrialRef[]; stages: readonly RecordedStage[] },
): RunRecord {
  const head = { experiment: 'x', title: 'X', path: '/x.yaml', hash: 'h', versions: {}, machine: {}, pid: process.pid };
  const { id } = tracker.createRun({ ...head, resolved: resolved as Json, trials });
  tracker.upsertStages(
    id,
    stages.map(({ key, kind, trials: own = [], config = {}, inputs = {} }) => ({
      ...{ key, kind, trials: own, config, inputs },
      ...{ numItems: 1, reuse: false },
    })),
  );
  for (const { key, metrics } of stages) {
    tracker.finishItem(tracker.startAttempt(id, key, 0, 'evaluator 0').token, {});
    tracker.succeedStage(id, key, { metrics }, []);
  }
  return tracker.getRun(id);
}

// Progress of an attempt: metric rows and the ledger into the tracker, then how far the stage is.
import type { StageProgress } from '@calm-orch/core';
import type { CoordinatorOptions, LeaseRecord } from './records.ts';
import { doneShare, itemShare, shareOf } from './stage-progress.ts';

/** @throws CalmError `invalid_argument` where steps are missing or there again. `isAlone`: nobody else computes the stage, so that what was logged after the attempt's first step is logged again. */
export function takeReport(
  { runId, tracker, now }: Pick<CoordinatorOptions, 'runId' | 'tracker' | 'now'>,
  lease: LeaseRecord,
  sequence: number,
  points: readonly StageProgress[],
  isAlone: boolean,
): void {
  const { stage } = lease;
  const { key: stageKey } = stage;
  const { item } = lease.work;
  const first = points[0]!.step;
  const isFirst = lease.firstStep === null;
  const replaced = isFirst && stage.numItems === 1 && isAlone ? { runId, stageKey, after: first - 1 } : undefined;
  tracker.logMetrics(
    points.flatMap(({ step, metrics = {} }) =>
      Object.entries(metrics).map(([name, value]) => ({ runId, stageKey, item, step, name, value })),
    ),
    replaced,
  );
  const told = points.flatMap(({ applied = [], anew }) =>
    applied.length === 0 ? [] : [{ applied, ...(anew && { anew }) }],
  );
  if (told.length > 0) tracker.recordApplied(stageKey, { attempt: lease.work.attempt, sequence }, told);
  const digests = points.flatMap((point) => point.digests ?? []);
  if (digests.length > 0) tracker.recordDigests(stageKey, lease.work.attempt, digests);
  lease.firstStep ??= first;
  stage.progress.set(item, points.at(-1)!);
  // Training goes on from its checkpoint, everything else begins anew.
  const atStart = stage.isShared ? shareOf(points[0]!) : 0;
  stage.before ??= atStart;
  lease.reported ??= { ms: now(), share: itemShare(stage, item) - atStart };
  // An attempt that goes on from a checkpoint has not done in no time what lies before it.
  if (stage.numItems === 1 && (isFirst || stage.since === null)) stage.since = { ms: now(), share: doneShare(stage) };
  stage.loss =
    points.findLast(({ metrics }) => metrics?.['train/loss'] !== undefined)?.metrics?.['train/loss'] ?? stage.loss;
}

// A run as if it had some of its seeds alone: tables of those that are complete do not depend on what others have so far.
import type { Json } from '@calm-orch/core';
import type { RunRecord, Tracker, TrialRef } from '@calm-orch/tracker';

/** Run and tracker of these seeds' trials, and of the looks at so many; stages of the whole experiment stay. */
export function onlySeeds(
  tracker: Tracker,
  run: RunRecord,
  seeds: readonly number[],
): { readonly tracker: Tracker; readonly run: RunRecord } {
  const isMeant = ({ seed }: TrialRef): boolean => seeds.includes(seed);
  const { looks } = run.resolved as { looks?: readonly number[] };
  const resolved: object = {
    ...(run.resolved as object),
    ...(looks && { looks: looks.filter((count) => count <= seeds.length) }),
  };
  return {
    run: { ...run, resolved: resolved as Json, trials: run.trials.filter(isMeant) },
    tracker: {
      ...tracker,
      trialMetrics: (runId) => tracker.trialMetrics(runId).filter(isMeant),
      listRunStages: (runId) =>
        tracker.listRunStages(runId).flatMap((stage) => {
          const trials = stage.trials.filter(isMeant);
          return trials.length === 0 && stage.trials.length > 0 ? [] : [{ ...stage, trials }];
        }),
    },
  };
}

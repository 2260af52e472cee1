// Stages that another run of the folder executes: once it has made one that is used, once it has given one up this run takes it.
import { CalmError } from '@calm-orch/core';
import { readArtifact } from '../artifacts/damage.ts';
import type { CoordinatorOptions } from './records.ts';
import type { StageRecord } from './stage-progress.ts';

export interface ForeignStages {
  readonly keys: ReadonlySet<string>;
  /** Asks what has become of them. @throws CalmError `io` where one was made, and is not whole. */
  look(): void;
}

export function createForeignStages(
  { tracker, runId, layout }: CoordinatorOptions,
  stages: readonly StageRecord[],
  {
    onClaimed,
    onMade,
  }: { readonly onClaimed: (stage: StageRecord) => void; readonly onMade: (stage: StageRecord) => void },
): ForeignStages {
  const keys = new Set(stages.map(({ key }) => key));
  return {
    keys,
    look: () => {
      for (const stage of stages) {
        const { key, label } = stage;
        const outcome = keys.has(key) && stage.state === 'waiting' ? tracker.claimStage(runId, key) : 'foreign';
        if (outcome === 'foreign') continue;
        keys.delete(key);
        if (outcome === 'claimed') onClaimed(stage);
        else if (readArtifact(layout, key) === null)
          throw new CalmError('io', `${label}: another run has made it, but its artifact is not whole; run again`);
        else {
          stage.state = 'succeeded';
          stage.reused = true;
          stage.numDone = stage.numItems;
          onMade(stage);
        }
      }
    },
  };
}

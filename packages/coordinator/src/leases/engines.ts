// Who may compute a stage. A result has the bits of the engine that computed it, and a stage's key names that engine: no other
// computes the stage. And what reads loose files needs a worker that sees the file systems of the coordinator.
import { differencesOf, type Json } from '@calm-orch/core';
import type { WorkerRecord } from './records.ts';
import type { StageRecord } from './stage-progress.ts';

type Abilities = Pick<WorkerRecord, 'engine' | 'ownFolder'>;
type Demands = Pick<StageRecord, 'engine' | 'readsLooseFiles'>;

const hasEngine = ({ engine: own }: Abilities, { engine }: Demands): boolean =>
  engine === null || own === null || own === engine;

/** Whether a worker may compute a stage of its role. */
export function fits(worker: Abilities, stage: Demands): boolean {
  return hasEngine(worker, stage) && !(worker.ownFolder && stage.readsLooseFiles);
}

/** Why there is no stage for a worker, in words; null: there is, or will be. */
export function misfit(worker: Abilities & Pick<WorkerRecord, 'role'>, all: readonly StageRecord[]): string | null {
  const stages = all.filter((stage) => stage.role === worker.role && !stage.reused);
  const [first] = stages;
  if (first === undefined || stages.some((stage) => fits(worker, stage))) return null;
  if (stages.some((stage) => hasEngine(worker, stage)))
    return 'gets no stage: they read files that are no artifacts, and it does not see the run folder';
  const differences = differencesOf('', JSON.parse(first.engine!) as Json, JSON.parse(worker.engine!) as Json)
    .map(({ what, before, now }) => `${what || 'it'} is ${JSON.stringify(now)}, not ${JSON.stringify(before)}`)
    .join('; ');
  return `gets no stage: its engine is not the one their keys name: ${differences}`;
}

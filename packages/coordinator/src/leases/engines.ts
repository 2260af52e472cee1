// A result has the bits of the engine that computed it, and a stage's key names that engine: no other computes the stage.
import type { Json } from '@calm-orch/core';
import { differencesOf } from '../plan/explain.ts';
import type { WorkerRecord } from './records.ts';
import type { StageRecord } from './stage-progress.ts';

/** Whether a worker's engine is the one that a stage's key names, where it names one. */
export function fits(own: string | null, { engine }: { readonly engine: string | null }): boolean {
  return engine === null || own === null || own === engine;
}

/** Why there is no stage for a worker, in words; null: there is, or will be, as far as engines matter. */
export function misfit(
  { role, engine }: Pick<WorkerRecord, 'role' | 'engine'>,
  all: readonly StageRecord[],
): string | null {
  const stages = all.filter((stage) => stage.role === role && !stage.reused);
  const [first] = stages;
  if (first === undefined || stages.some((stage) => fits(engine, stage))) return null;
  const differences = differencesOf('', JSON.parse(first.engine!) as Json, JSON.parse(engine!) as Json)
    .map(({ what, before, now }) => `${what || 'it'} is ${JSON.stringify(now)}, not ${JSON.stringify(before)}`)
    .join('; ');
  return `gets no stage: its engine is not the one their keys name: ${differences}`;
}

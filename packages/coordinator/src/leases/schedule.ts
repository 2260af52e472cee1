// Which item a free worker gets. Pure: a function of the stages' states. Seeds are worked off one after the other: a worker
// takes the ready stage of the earliest seed, of those the one with the longest way still to go behind it, so that long
// chains of training start first. Stages of later seeds fill workers for whom the earlier ones have nothing.
import type { Role } from '@calm-orch/core';

export type StageState = 'waiting' | 'succeeded' | 'failed' | 'skipped';

export interface Schedulable {
  readonly key: string;
  readonly role: Role;
  /** Estimated work; only ratios matter. */
  readonly cost: number;
  /** Keys of the stages whose artifacts it reads; keys that are no stage of the plan are there already. */
  readonly inputs: readonly string[];
  /** Place of the first seed that needs it. */
  readonly seedPlace: number;
  readonly state: StageState;
  /** Items nobody has leased or finished, in the order they should be done. */
  readonly queued: readonly number[];
}

/** Key -> estimated work from the start of a stage to the end of the longest chain that depends on it. */
export function criticalPaths(stages: readonly Pick<Schedulable, 'key' | 'cost' | 'inputs'>[]): Map<string, number> {
  const dependants = new Map<string, string[]>();
  for (const { key, inputs } of stages)
    for (const input of inputs) dependants.set(input, [...(dependants.get(input) ?? []), key]);
  const costs = new Map(stages.map(({ key, cost }) => [key, cost]));
  const paths = new Map<string, number>();
  const pathFrom = (key: string): number => {
    const known = paths.get(key);
    if (known !== undefined) return known;
    const path = costs.get(key)! + Math.max(0, ...(dependants.get(key) ?? []).map(pathFrom));
    paths.set(key, path);
    return path;
  };
  for (const { key } of stages) pathFrom(key);
  return paths;
}

/** A stage in the order in which stages are taken, and those of the plan that it reads. */
export interface Turn<Stage> {
  readonly stage: Stage;
  readonly inputs: readonly Stage[];
}

/** Made once: the order is one of things that do not change. Ties: the order of the plan. */
export function inTurn<Stage extends Schedulable>(stages: readonly Stage[]): Turn<Stage>[] {
  const paths = criticalPaths(stages);
  const byKey = new Map(stages.map((stage) => [stage.key, stage]));
  return [...stages]
    .sort((a, b) => a.seedPlace - b.seedPlace || paths.get(b.key)! - paths.get(a.key)!)
    .map((stage) => ({ stage, inputs: stage.inputs.flatMap((key) => byKey.get(key) ?? []) }));
}

/**
 * The item a worker of `role` should take now; null when there is none.
 * @param mayTake Stages that a worker can compute.
 * @param isThere Stages that can be read. @default those that have succeeded
 */
export function nextItem<Stage extends Schedulable>(
  role: Role,
  turns: readonly Turn<Stage>[],
  mayTake: (stage: Stage) => boolean = () => true,
  isThere: (stage: Stage) => boolean = ({ state }) => state === 'succeeded',
): { readonly key: string; readonly item: number } | null {
  const turn = turns.find(
    ({ stage, inputs }) =>
      stage.role === role &&
      stage.state === 'waiting' &&
      stage.queued.length > 0 &&
      inputs.every(isThere) &&
      mayTake(stage),
  );
  return turn === undefined ? null : { key: turn.stage.key, item: turn.stage.queued[0]! };
}

/** Keys of all stages that need `key`, directly or through others. */
export function dependantsOf(key: string, stages: readonly Pick<Schedulable, 'key' | 'inputs'>[]): string[] {
  const found = new Set([key]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const stage of stages) if (stage.inputs.some((input) => found.has(input))) found.add(stage.key);
  }
  found.delete(key);
  return [...found];
}

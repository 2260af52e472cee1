// What sharing saves: the stages of several experiments counted as if each trial made all it needs, and as planned.
import type { StageKind } from '@calm-orch/core';
import type { Plan } from './plan.ts';

export interface StageCount {
  /** If every trial executed all of its stages itself. */
  readonly naive: number;
  /** Equal keys once, over all experiments. */
  readonly unique: number;
  /** Of the unique ones, those whose artifact is there. */
  readonly done: number;
}

export interface StageCounts {
  readonly numTrials: number;
  readonly kinds: readonly (StageCount & { readonly kind: StageKind })[];
  readonly total: StageCount;
}

export function countStages(plans: readonly Plan[], isDone: (key: string) => boolean): StageCounts {
  const kinds = new Map<StageKind, { naive: number; keys: Set<string>; done: number }>();
  for (const { stages } of plans)
    for (const { key, kind, trials } of stages) {
      const count = kinds.get(kind) ?? { naive: 0, keys: new Set(), done: 0 };
      kinds.set(kind, count);
      count.naive += Math.max(1, trials.length);
      if (count.keys.has(key)) continue;
      count.keys.add(key);
      if (isDone(key)) count.done++;
    }
  const rows = [...kinds].map(([kind, { naive, keys, done }]) => ({ kind, naive, unique: keys.size, done }));
  const sum = (of: (row: StageCount) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    numTrials: plans.reduce((total, { trials }) => total + trials.length, 0),
    kinds: rows,
    total: { naive: sum((row) => row.naive), unique: sum((row) => row.unique), done: sum((row) => row.done) },
  };
}

// What a coordinator knows about one stage while it runs; the tracker keeps what must survive.
import type { StageProgress } from '@calm-orch/core';
import type { PlanStage } from '../plan/plan.ts';
import type { StageState } from './schedule.ts';

export interface StageRecord extends Omit<PlanStage, 'inputs'> {
  readonly inputs: readonly string[];
  readonly inputKeys: Readonly<Record<string, string>>;
  state: StageState;
  /** Complete before this session began. */
  reused: boolean;
  /** Items to lease, ascending. */
  queued: number[];
  /** Items leased now. */
  leased: Set<number>;
  numDone: number;
  /** Last report of each leased item. */
  progress: Map<number, StageProgress>;
  /** First step each item's attempts have reported: a later one shows that a checkpoint was saved. */
  firstSteps: Map<number, number>;
  loss: number | null;
  startedMs: number | null;
  /** How long workers held leases of it that are over, summed. */
  busyMs: number;
  /** Share of the work that was done at some moment since then, to estimate the rate from. */
  since: { readonly ms: number; readonly share: number } | null;
  error: string | null;
}

export function stageRecord(stage: PlanStage, reused: boolean): StageRecord {
  return {
    ...stage,
    inputs: Object.values(stage.inputs),
    inputKeys: stage.inputs,
    state: reused ? 'succeeded' : 'waiting',
    reused,
    queued: [],
    leased: new Set(),
    numDone: reused ? stage.numItems : 0,
    progress: new Map(),
    firstSteps: new Map(),
    loss: null,
    startedMs: null,
    busyMs: 0,
    since: null,
    error: null,
  };
}

/** Puts an item back, in order. */
export function requeue(stage: StageRecord, item: number): void {
  stage.leased.delete(item);
  stage.progress.delete(item);
  if (stage.state === 'waiting') stage.queued = [...stage.queued, item].sort((a, b) => a - b);
}

/** Share of a leased item that is done by its last report, 0 to 1. */
export function itemShare({ progress }: StageRecord, item: number): number {
  const { step = 0, totalSteps = 1 } = progress.get(item) ?? {};
  return Math.min(1, step / Math.max(1, totalSteps));
}

/** Share of the stage's work that is done, 0 to 1. */
export function doneShare(stage: StageRecord): number {
  if (stage.state === 'succeeded') return 1;
  const parts = [...stage.progress.keys()].map((item) => itemShare(stage, item));
  return (stage.numDone + parts.reduce((sum, part) => sum + part, 0)) / stage.numItems;
}

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
  /** Share of the work that was done before this session; null: not known yet, or it is not executed here. */
  before: number | null;
  /** When the present workers began or were first heard of, and the share done by then: for their present rate. */
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
    before: null,
    since: null,
    error: null,
  };
}

/** Takes an item that nobody holds off what is queued. */
export function take({ queued }: StageRecord, item: number): void {
  const place = queued.indexOf(item);
  if (place >= 0) queued.splice(place, 1);
}

/** Puts an item back, in order. */
export function requeue(stage: StageRecord, item: number): void {
  stage.leased.delete(item);
  stage.progress.delete(item);
  if (stage.state === 'waiting') stage.queued = [...stage.queued, item].sort((a, b) => a - b);
}

/** Share of an item that is done by a report, 0 to 1. */
export const shareOf = ({ step, totalSteps }: StageProgress): number => Math.min(1, step / Math.max(1, totalSteps));

/** By the last report of a leased item. */
export function itemShare({ progress }: StageRecord, item: number): number {
  const last = progress.get(item);
  return last === undefined ? 0 : shareOf(last);
}

/** Share of the stage's work that is done, 0 to 1. */
export function doneShare(stage: StageRecord): number {
  if (stage.state === 'succeeded') return 1;
  const parts = [...stage.progress.keys()].map((item) => itemShare(stage, item));
  return (stage.numDone + parts.reduce((sum, part) => sum + part, 0)) / stage.numItems;
}

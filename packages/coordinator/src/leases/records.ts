// What the coordinator of a run is told, knows and tells: its words, without its decisions.
import type { Role } from '@calm-orch/core';
import type { WorkItem } from '@calm-orch/rpc';
import type { AttemptRecord, RunWorker, Tracker } from '@calm-orch/tracker';
import type { Layout } from '../artifacts/layout.ts';
import type { Plan } from '../plan/plan.ts';
import type { Policy } from './policy.ts';
import type { StageRecord } from './stage-progress.ts';

export interface CoordinatorOptions {
  readonly plan: Plan;
  readonly runId: string;
  readonly tracker: Tracker;
  readonly layout: Layout;
  readonly policy: Policy;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onEvent: (event: CoordinatorEvent) => void;
  /** Whether somebody is a worker of this run, and its end will be told. @default all are */
  readonly isOwn?: (instance: string) => boolean;
  /** The GPU that a worker computes on in turns with others; null: none. @default none for all */
  readonly gpuInTurns?: (role: Role, index: number) => string | null;
}

export interface CoordinatorEvent {
  readonly type: 'stage started' | 'stage succeeded' | 'stage failed' | 'attempt failed' | 'attempt lost' | 'note';
  readonly label: string;
  readonly message: string;
}

export interface KnownStages {
  /** Complete before this session began. */
  readonly reused: ReadonlySet<string>;
  /** Claimed by another run that lives. */
  readonly foreign?: ReadonlySet<string>;
}

/** What goes on from the coordinator before, which died. */
export interface Survivors {
  /** Living, that have registered. */
  readonly workers: readonly RunWorker[];
  /** Attempts they hold, at stages of the plan. */
  readonly attempts: readonly AttemptRecord[];
  /** Tokens of attempts that are over. */
  readonly ended: readonly string[];
}

export type FailureKind = 'raised' | 'lost' | 'cancelled' | 'refused';
export type Directive = 'continue' | 'stop' | 'drop';

export interface WorkerRecord {
  readonly role: Role;
  readonly index: number;
  readonly instance: string;
  /** Canonical JSON; null: that of the run (a worker of an earlier version, which did not say). */
  readonly engine: string | null;
  /** It does not see the run folder. */
  readonly ownFolder: boolean;
  /** That it computes on in turns with others; null: it may compute at any time. */
  readonly gpu: string | null;
  /** It has asked for work since it last had some: nothing of it computes, nor holds memory of its GPU. */
  asks: boolean;
  lease: LeaseRecord | null;
  /** Its last call. */
  seenMs: number;
}

export interface LeaseRecord {
  readonly work: WorkItem;
  readonly stage: StageRecord;
  readonly worker: WorkerRecord;
  readonly startedMs: number;
  /** Its first report, and the share of its item that it had done by then: before, its worker loads code and data. */
  reported: { readonly ms: number; readonly share: number } | null;
  renewedMs: number;
  /** Of the last batch of progress. */
  sequence: number;
  firstStep: number | null;
  /** Where other trainers of its stage reach it; null: alone, or not ready yet. */
  address: string | null;
}

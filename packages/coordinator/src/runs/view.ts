// What the terminal (and later the dashboard) shows of a run under way: plain values, taken at one moment.
import type { Role } from '@calm-orch/core';
import type { Coordinator } from '../leases/coordinator.ts';
import { doneShare, type StageRecord } from '../leases/stage-progress.ts';
import { timeLeft } from '../leases/time-left.ts';
import type { WorkerSlot } from '../launchers/launcher.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface StageView {
  readonly label: string;
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped';
  /** Nothing of it was executed by this process. */
  readonly reused: boolean;
  readonly numDone: number;
  readonly numItems: number;
  /** Of the running items together; null before the first report. */
  readonly step: number | null;
  readonly totalSteps: number | null;
  readonly loss: number | null;
  readonly samplesPerSecond: number | null;
  /** Since its first item was leased. */
  readonly elapsedMs: number;
  /** Estimated time left. */
  readonly leftMs: number | null;
}

export interface WorkerView {
  readonly role: Role;
  readonly index: number;
  /** Label of the stage it computes, null while it waits, undefined while its process starts. */
  readonly stage: string | null | undefined;
}

export interface RunView {
  readonly runId: string;
  readonly elapsedMs: number;
  /** Estimated time left of the whole run. */
  readonly leftMs: number | null;
  readonly stages: readonly StageView[];
  /** In the order they are worked off. */
  readonly seeds: readonly number[];
  /** How many of them, from the first on, have all their stages. */
  readonly numSeedsDone: number;
  readonly workers: readonly WorkerView[];
}

export interface ViewSources {
  readonly runId: string;
  readonly seeds: readonly number[];
  /** Stages that were executed before and are reused now. */
  readonly made: ReadonlySet<string>;
  readonly coordinator: Coordinator;
  readonly pool: WorkerPool | null;
  /** Monotonic milliseconds, and their value when the session began. */
  readonly nowMs: number;
  readonly startedMs: number;
}

export function viewOf({ runId, seeds, made, coordinator, pool, nowMs, startedMs }: ViewSources): RunView {
  const { stages } = coordinator;
  const { workers } = coordinator.book;
  const byInstance = new Map(workers.map((worker) => [worker.instance, worker]));
  const members = pool?.members ?? [];
  const counts: Record<Role, number> = { trainer: 0, augmentor: 0, evaluator: 0 };
  const own = new Set(members.map(({ instance }) => instance));
  const guests = workers.flatMap((worker) => (own.has(worker.instance) ? [] : [{ slot: slotOf(worker), worker }]));
  for (const { slot } of [...members, ...guests]) counts[slot.role]++;
  const leases = workers.flatMap(({ lease }) => lease ?? []);
  return {
    runId,
    elapsedMs: nowMs - startedMs,
    leftMs: timeLeft(stages, leases, counts, nowMs),
    stages: stages.map((stage) => ({ ...stageView(stage, nowMs), reused: stage.reused && !made.has(stage.key) })),
    seeds,
    numSeedsDone: numSeedsDone(seeds, stages),
    workers: [
      ...members.map(({ slot, instance }) => ({ slot, worker: byInstance.get(instance ?? '') })),
      ...guests,
    ].map(({ slot, worker }) => ({ ...slot, stage: worker && (worker.lease?.stage.label ?? null) })),
  };
}

const slotOf = ({ role, index }: WorkerSlot): WorkerSlot => ({ role, index });

function numSeedsDone(seeds: readonly number[], stages: readonly StageRecord[]): number {
  const open = stages.flatMap(({ state, seedPlace }) => (state === 'succeeded' ? [] : [seedPlace]));
  return Math.min(seeds.length, ...open);
}

function stageView(stage: StageRecord, nowMs: number): Omit<StageView, 'reused'> {
  const { label, numDone, numItems, loss, startedMs, since } = stage;
  const running = [...stage.progress.values()];
  const sum = (of: (p: (typeof running)[number]) => number): number | null =>
    running.length === 0 ? null : running.reduce((total, progress) => total + of(progress), 0);
  const share = doneShare(stage);
  const rate = sum(({ samplesPerSecond = 0 }) => samplesPerSecond);
  const elapsedMs = startedMs === null ? 0 : nowMs - startedMs;
  return {
    label,
    numDone,
    numItems,
    loss,
    elapsedMs,
    state: stage.state === 'waiting' && stage.leased.size > 0 ? 'running' : stage.state,
    step: sum(({ step }) => step),
    totalSteps: sum(({ totalSteps }) => totalSteps),
    samplesPerSecond: rate === 0 ? null : rate,
    leftMs: since && share > since.share ? ((nowMs - since.ms) * (1 - share)) / (share - since.share) : null,
  };
}

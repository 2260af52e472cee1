// How long the rest of a run will take. What is left is dealt out to the workers as it will be, so that stages which can
// only follow each other and workers that wait count; each stage goes on at the speed it and its kind have shown in this run.
import type { Role } from '@calm-orch/core';
import type { LeaseRecord } from './records.ts';
import { inTurn, nextItem, type Schedulable } from './schedule.ts';
import { doneShare, itemShare, type StageRecord } from './stage-progress.ts';

/** A speed counts as much as the more general one once so much of a stage was done at it: first steps are slow. */
const trustedShare = 0.05;

/** Worker time from which on speeds are told. */
const seenMs = 2000;

interface Job {
  readonly key: string;
  readonly role: Role;
  /** More than one for a gang. */
  readonly numWorkers: number;
  readonly endMs: number;
}

type Rest = { -readonly [K in keyof Schedulable]: Schedulable[K] } & {
  readonly kind: StageRecord['kind'];
  readonly costPerItem: number;
  numRunning: number;
};

/**
 * Milliseconds, null before enough was seen.
 * @param counts Workers of each role that there will be; a role that is needed counts as one at least.
 */
export function timeLeft(
  stages: readonly StageRecord[],
  leases: readonly LeaseRecord[],
  counts: Readonly<Record<Role, number>>,
  nowMs: number,
): number | null {
  const msPerCost = speeds(stages, leases, nowMs);
  if (msPerCost === null) return null;
  const rest = stages.map((stage): Rest => ({
    ...stage,
    costPerItem: stage.cost / stage.numItems,
    numRunning: 0,
  }));
  const byKey = new Map(rest.map((stage) => [stage.key, stage]));
  const turns = inTurn(rest);
  const free = { ...counts };
  let jobs: Job[] = [];
  let atMs = 0;
  const start = (stage: Rest, share: number, numWorkers: number): void => {
    const endMs = atMs + (stage.costPerItem * share * msPerCost(stage)) / numWorkers;
    jobs.push({ key: stage.key, role: stage.role, numWorkers, endMs });
    free[stage.role] -= numWorkers;
    stage.numRunning++;
  };
  for (const stage of stages)
    for (const item of stage.leased) {
      const numWorkers = leases.filter((lease) => lease.stage === stage && lease.work.item === item).length;
      start(byKey.get(stage.key)!, 1 - itemShare(stage, item), Math.max(1, numWorkers));
    }
  for (;;) {
    for (const role of Object.keys(free) as Role[])
      while (free[role] > 0 || !jobs.some((job) => job.role === role)) {
        const next = nextItem(role, turns);
        if (next === null) break;
        const stage = byKey.get(next.key)!;
        stage.queued = stage.queued.slice(1);
        start(stage, 1, 1);
      }
    if (jobs.length === 0) return atMs;
    const first = jobs.reduce((best, job) => (job.endMs < best.endMs ? job : best));
    jobs = jobs.filter((job) => job !== first);
    atMs = first.endMs;
    free[first.role] += first.numWorkers;
    const stage = byKey.get(first.key)!;
    stage.numRunning--;
    if (stage.numRunning === 0 && stage.queued.length === 0) stage.state = 'succeeded';
  }
}

interface Seen {
  readonly ms: number;
  readonly work: number;
}

const sumOf = (all: readonly Seen[]): Seen =>
  all.reduce((sum, { ms, work }) => ({ ms: sum.ms + ms, work: sum.work + work }), { ms: 0, work: 0 });

/** Worker time per unit of a stage's estimated work: its own, as far as it is seen, else its kind's, else that of all. */
function speeds(
  stages: readonly StageRecord[],
  leases: readonly LeaseRecord[],
  nowMs: number,
): ((stage: Pick<StageRecord, 'key' | 'kind' | 'cost'>) => number) | null {
  const seen = stages.flatMap((stage) => {
    if (stage.before === null) return [];
    const held = leases.filter((lease) => lease.stage === stage);
    const untimed = held.reduce((sum, { reported }) => sum + (reported?.share ?? 0), 0) / stage.numItems;
    const work = stage.cost * (doneShare(stage) - stage.before - untimed);
    const ms = held.reduce((sum, { reported }) => sum + nowMs - (reported?.ms ?? nowMs), stage.busyMs);
    return work > 0 ? { key: stage.key, kind: stage.kind, ms, work } : [];
  });
  const all = sumOf(seen);
  if (all.work === 0 || all.ms < seenMs) return null;
  return ({ key, kind, cost }) => {
    const trusted = trustedShare * cost;
    const speed = ({ ms, work }: Seen, others: number): number => (ms + trusted * others) / (work + trusted);
    const ofKind = speed(sumOf(seen.filter((one) => one.kind === kind)), all.ms / all.work);
    return speed(sumOf(seen.filter((one) => one.key === key)), ofKind);
  };
}

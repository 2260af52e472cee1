// Which trainers compute a stage together. Pure decisions; coordinator.ts carries them out. While there are more ready
// stages than trainers every stage has one trainer and nothing is exchanged; trainers for whom no stage is left join one
// under way, and leave it again when a stage becomes ready. Results do not depend on any of this.
import type { Roster } from '@calm-orch/core';
import type { LeaseRecord } from '../leases/records.ts';
import { doneShare, type StageRecord } from '../leases/stage-progress.ts';

/** The trainers of one stage that have said they are ready, by rank. */
export interface GangRecord {
  generation: number;
  readonly members: LeaseRecord[];
}

/** Generations of a stage go on where an earlier coordinator has left them. */
export const emptyGang = (generation: number): GangRecord => ({ generation, members: [] });

/** What a trainer is told; one that no longer belongs to the gang is released. */
export function rosterFor(gang: GangRecord, lease: LeaseRecord | null, generation: number): Roster {
  const rank = lease === null ? -1 : gang.members.indexOf(lease);
  if (rank < 0) return { generation: Math.max(gang.generation, generation + 1), rank: -1, members: [] };
  return { generation: gang.generation, rank, members: gang.members.map(({ address }) => address!) };
}

/** Milliseconds a stage under way has left at its present rate; null before it has reported twice. */
export function leftMs(stage: StageRecord, nowMs: number): number | null {
  const share = doneShare(stage);
  if (stage.since === null || share <= stage.since.share || share >= 1) return null;
  return ((nowMs - stage.since.ms) / (share - stage.since.share)) * (1 - share);
}

/**
 * The stage an idle trainer should join: the one with the most left per trainer, if that is worth the time it takes to
 * get ready. null: none.
 */
export function stageToJoin(
  stages: readonly StageRecord[],
  leases: readonly LeaseRecord[],
  { gangMinLeftMs }: { readonly gangMinLeftMs: number },
  nowMs: number,
): StageRecord | null {
  let best: { readonly stage: StageRecord; readonly left: number } | null = null;
  for (const stage of stages) {
    const own = leases.filter((lease) => lease.stage === stage);
    const numTrainers = own.length;
    if (!stage.isShared || stage.state !== 'waiting' || numTrainers >= stage.numShards) continue;
    if (!own.some(({ address }) => address !== null)) continue;
    const left = leftMs(stage, nowMs);
    if (left === null || left / numTrainers < gangMinLeftMs) continue;
    if (best === null || left / numTrainers > best.left) best = { stage, left: left / numTrainers };
  }
  return best?.stage ?? null;
}

/** The lease to give up when a stage is ready and no trainer is idle: the last of the largest gang; null: none. */
export function leaseToRelease(gangs: readonly (readonly LeaseRecord[])[]): LeaseRecord | null {
  const largest = gangs.reduce((a, b) => (b.length > a.length ? b : a), []);
  return largest.length > 1 ? largest.at(-1)! : null;
}

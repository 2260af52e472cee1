// Who is in the gang of each stage, recorded in the tracker before anybody is told.
import { shardRange } from '@calm-orch/core';
import { emptyGang, type GangRecord } from './gang.ts';
import type { CoordinatorOptions, LeaseRecord } from '../leases/records.ts';
import { doneShare, type StageRecord } from '../leases/stage-progress.ts';

export interface Gangs {
  of(stage: StageRecord): GangRecord;
  /** The member is ready and reached at `address`; said again, nothing changes. */
  join(lease: LeaseRecord, address: string): void;
  /** Takes the lease off its gang's roster, where it is on it. */
  leave(lease: LeaseRecord): void;
  /** All members get another roster, of the same trainers. */
  tellAnew(): void;
  /** As an earlier coordinator left it, without those of its members that are gone. */
  restore(stage: StageRecord, leases: readonly LeaseRecord[]): void;
}

export function createGangs({ tracker, now }: CoordinatorOptions, onChange: () => void): Gangs {
  const gangs = new Map<string, GangRecord>();
  const of = ({ key }: StageRecord): GangRecord => {
    const gang = gangs.get(key) ?? emptyGang(tracker.lastGeneration(key));
    gangs.set(key, gang);
    return gang;
  };
  const newRoster = (stage: StageRecord): void => {
    const gang = of(stage);
    gang.generation++;
    if (gang.members.length > 0)
      tracker.recordRoster(
        stage.key,
        gang.generation,
        gang.members.map(({ work: { attempt }, worker: { role, index }, address }, rank) => {
          const { first: firstShard, end: endShard } = shardRange(stage.numShards, gang.members.length, rank);
          return { firstShard, endShard, attempt, worker: `${role} ${index}`, address };
        }),
      );
    // Its rate changes with its members: what is left is estimated anew.
    stage.since = gang.members.length === 1 && stage.since === null ? null : { ms: now(), share: doneShare(stage) };
    onChange();
  };
  return {
    of,
    join: (lease, address) => {
      if (lease.address !== null) return;
      lease.address = address;
      of(lease.stage).members.push(lease);
      newRoster(lease.stage);
    },
    leave: (lease) => {
      const { members } = of(lease.stage);
      const rank = members.indexOf(lease);
      if (rank < 0) return;
      members.splice(rank, 1);
      newRoster(lease.stage);
    },
    tellAnew: () => {
      for (const { members } of gangs.values()) if (members.length > 0) newRoster(members[0]!.stage);
    },
    restore: (stage, leases) => {
      const roster = tracker.lastRoster(stage.key);
      const gang = of(stage);
      for (const { attempt, address } of roster) {
        const lease = leases.find(({ work }) => work.attempt === attempt);
        if (lease === undefined || address === null) continue;
        lease.address = address;
        gang.members.push(lease);
      }
      if (gang.members.length > 0 && gang.members.length < roster.length) newRoster(stage);
    },
  };
}

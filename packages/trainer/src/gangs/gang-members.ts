// The steps that a process has compiled as a member of gangs: they are kept from roster to roster.
import { shardRange, type OptimizerPlacement, type Roster } from '@calm-orch/core';
import { alignedBlocks, callsOf, halves, type Block, type ClusterStep, type ShardedStep } from '@calm-orch/model';

/** Where the newest weights are: in the whole step, or in that of a gang's member. */
export type Active =
  | { readonly kind: 'whole' }
  | { readonly kind: 'collective'; readonly member: ClusterStep }
  | { readonly kind: OptimizerPlacement; readonly member: ShardedStep; readonly blocks: readonly Block[] };

export interface Members {
  /** A replica that is compiled, if it needs at most twice the calls: when a member dies the others go on at once. */
  compiled(blocks: readonly Block[]): Active | null;
  /** What this member computes a roster's steps with; compiled where there is none that fits. */
  of(roster: Roster, optimizer: OptimizerPlacement): Active;
  dispose(): void;
}

export function createMembers(whole: ShardedStep): Members {
  const replicas: ShardedStep[] = [];
  const parts = new Map<string, ShardedStep>();
  const callsAtBest = (blocks: readonly Block[]): Block[] =>
    blocks.flatMap((block) => halves(block, whole.maxShardsPerCall));
  const compiled = (blocks: readonly Block[]): Active | null => {
    const usable = replicas
      .map((member) => ({ member, numCalls: callsOf(blocks, member.blockSizes)?.length ?? Infinity }))
      .filter(({ numCalls }) => numCalls <= 2 * callsAtBest(blocks).length)
      .sort((a, b) => a.numCalls - b.numCalls);
    return usable.length === 0 ? null : { kind: 'replicated', member: usable[0]!.member, blocks };
  };
  const newReplica = (blocks: readonly Block[]): Active => {
    const member = whole.member(sizesOf(callsAtBest(blocks)));
    replicas.push(member);
    return { kind: 'replicated', member, blocks };
  };
  return {
    compiled,
    of: ({ members: { length: numMembers }, rank }, optimizer) => {
      const { first, end } = shardRange(whole.numShards, numMembers, rank);
      const blocks = alignedBlocks(first, end);
      if (optimizer === 'replicated') return compiled(blocks) ?? newReplica(blocks);
      const key = `${rank}/${numMembers}`;
      const member = parts.get(key) ?? whole.member(sizesOf(blocks), { numMembers, rank });
      parts.set(key, member);
      return { kind: 'partitioned', member, blocks };
    },
    dispose: () => {
      for (const member of [...replicas, ...parts.values()]) member.dispose();
      replicas.length = 0;
      parts.clear();
    },
  };
}

const sizesOf = (blocks: readonly Block[]): number[] => [...new Set(blocks.map(({ size }) => size))];

// Which shards of a step each member of a gang computes: a function of the numbers of both and of its rank.

/** Shards first .. end - 1. */
export interface ShardRange {
  readonly first: number;
  readonly end: number;
}

/** The range [first, end) of shards of the member with this rank; sizes differ by at most one. */
export function shardRange(numShards: number, numMembers: number, rank: number): ShardRange {
  const at = (r: number): number => Math.floor((r * numShards) / numMembers);
  return { first: at(rank), end: at(rank + 1) };
}

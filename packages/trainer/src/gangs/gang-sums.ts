// Sums of gradients over all shards, from the sums of blocks that every member offers: bucket by bucket, each added as soon
// as it is there. Peers' sums are read where they lie, in shared memory or as they came; none is as long as the model.
import { CalmError, shardRange, type Gang, type Roster, type ShardRange, type TensorView } from '@calm-orch/core';
import { alignedBlocks, sumBlocks, type BlockSum } from '@calm-orch/model';
import type { Exchange, FromPeers } from './gang-exchange.ts';

export interface SumsOptions {
  readonly gang: Gang;
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly numShards: number;
  readonly signal: AbortSignal;
}

/** What a bucket is summed from. */
export interface BucketOfSums {
  /** Of the tensor that each member offers. */
  readonly name: string;
  /** The own sums, by block. They are overwritten where they have been offered in shared memory. */
  readonly own: readonly BlockSum[];
  /** Peers that are offered the own sums, too. */
  readonly numTakers: number;
  /** Numbers before the sums, of each member by rank; none without. */
  readonly heads?: readonly number[];
}

export interface BucketSum {
  readonly sum: Float32Array;
  /** What stands before the peers' sums. */
  readonly heads: FromPeers;
}

/** The sums over all shards, in order; peers then have the own ones. @throws CalmError `io` where a peer's were written over */
export async function sumBuckets(options: SumsOptions, buckets: readonly BucketOfSums[]): Promise<BucketSum[]> {
  const { gang, exchange, roster, signal } = options;
  // A bucket comes while the one before is added: memory for two is enough.
  const viewsOf = (b: number) => exchange.viewAll(roster, buckets[b]!.name, { signal, reuse: `sums/${b % 2}` });
  const sums: BucketSum[] = [];
  let coming = buckets.length > 0 ? viewsOf(0) : null;
  try {
    for (const [b, bucket] of buckets.entries()) {
      const views = await coming!;
      coming = b + 1 < buckets.length ? viewsOf(b + 1) : null;
      // Computing on would leave a peer that asks a moment later waiting for the whole next step.
      await gang.taken(bucket.name, bucket.numTakers, signal);
      sums.push(add(options, bucket, views, `total/${b}`));
    }
  } finally {
    // What fails after something else has failed is known already.
    coming?.catch(() => {});
  }
  return sums;
}

function add(
  { exchange, roster: { members, rank }, numShards, signal }: SumsOptions,
  { name, own, heads = [] }: BucketOfSums,
  views: FromPeers<TensorView>,
  reuse: string,
): BucketSum {
  const headsOfPeers = new Map<number, Float32Array>();
  const blocks = members.flatMap((_, r) => {
    if (r === rank) return own;
    const { values } = views.get(r)!;
    const [head, sums] = [values.subarray(0, heads[r] ?? 0), values.subarray(heads[r] ?? 0)];
    headsOfPeers.set(r, head.slice());
    return blockSums(sums, shardRange(numShards, members.length, r));
  });
  // Peers that stream may ask for the own sums again, those of a roster that has ended at any time.
  const isTaken = !signal.aborted && [...views.values()].every(({ isCopy }) => !isCopy);
  const [{ sum: first }] = own as [BlockSum];
  const sum = sumBlocks(blocks, { first: 0, size: numShards }, isTaken ? first : exchange.memory(reuse, first.length));
  for (const [r, view] of views)
    if (!view.isIntact()) throw new CalmError('io', `tensor ${name} of ${members[r]!} was written over as it was read`);
  return { sum, heads: headsOfPeers };
}

/** The sums of a member that computes shards first .. end - 1, as they come: one after the other. */
function blockSums(sums: Float32Array, { first, end }: ShardRange): BlockSum[] {
  const blocks = alignedBlocks(first, end);
  const size = sums.length / blocks.length;
  return blocks.map((block, i) => ({ ...block, sum: sums.subarray(i * size, (i + 1) * size) }));
}

/**
 * Offers a member's sums of all buckets, with `head` before the first, and adds those of all members. `own`: by bucket and
 * block; `heads`: numbers in the head of each member, by rank. @throws as `sumBuckets`, and what a pull threw
 */
export async function exchangeSums(
  options: SumsOptions,
  name: string,
  head: Float32Array,
  own: readonly (readonly BlockSum[])[],
  heads: readonly number[],
): Promise<{ readonly sums: readonly Float32Array[]; readonly heads: FromPeers }> {
  const { gang, roster } = options;
  const buckets = own.map((blocks, b): BucketOfSums => ({
    name: `${name}/${b}`,
    own: blocks,
    numTakers: roster.members.length - 1,
    ...(b === 0 && { heads }),
  }));
  for (const [b, bucket] of buckets.entries())
    gang.publish(bucket.name, ...(b === 0 ? [head] : []), ...bucket.own.map(({ sum }) => sum));
  const summed = await sumBuckets(options, buckets);
  return { sums: summed.map(({ sum }) => sum), heads: summed[0]!.heads };
}

// Which samples a step is computed with, in a few bytes: taken from the ids that are cut into shards beside a step's inputs,
// and computed again by the audit from what the configuration demands.
import { crc32 } from 'node:zlib';
import type { OrderedSample } from './sample-order.ts';
import { stepOrder, type SampleList } from './step-order.ts';

/** Ids of a batch as an input of a step has them, sample by sample. */
export function sampleIds(chosen: readonly OrderedSample[]): Int32Array {
  const ids = new Int32Array(2 * chosen.length);
  chosen.forEach(({ sample, epoch }, i) => {
    ids[2 * i] = sample;
    ids[2 * i + 1] = epoch;
  });
  return ids;
}

/** Of the ids of one shard. */
export const shardDigest = (ids: Int32Array): number =>
  crc32(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));

/** Of all shards of a step, in order. */
export const stepDigest = (shards: readonly number[]): number => crc32(new Uint8Array(Uint32Array.from(shards).buffer));

/** The digest of each step of a training that does what its configuration says. */
export function demandedDigests({
  seed,
  lists,
  steps,
  batchSize,
  numShards,
}: {
  readonly seed: number;
  readonly lists: readonly SampleList[];
  readonly steps: number;
  readonly batchSize: number;
  readonly numShards: number;
}): number[] {
  const order = stepOrder(seed, lists, batchSize);
  const perShard = (2 * batchSize) / numShards;
  return Array.from({ length: lists.length === 0 ? 0 : steps }, (_, step) => {
    const ids = sampleIds(order(step).drawn);
    return stepDigest(
      Array.from({ length: numShards }, (_, shard) =>
        shardDigest(ids.subarray(shard * perShard, (shard + 1) * perShard)),
      ),
    );
  });
}

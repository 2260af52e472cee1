// What both kinds of gang steps share.
import { shardDigest, stepDigest } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import { shardsOf } from '@calm-orch/model';
import { fromHalves, inHalves } from '../training/lineage.ts';

/** Steps between comparisons of the members' weights. */
export const checkEvery = 64;

export type Inputs = Readonly<Record<string, Values>>;

export interface StepAt {
  /** 0-based. */
  readonly step: number;
  readonly learningRate: number;
}

export interface StepDone {
  readonly loss: number;
  /** Digest of the samples of all shards, by whomever they were computed. */
  readonly samples: number;
}

/** Digests of shards as members hand them to each other: two numbers each. */
export const numbersPerDigest = 2;

/** Inputs of shards first .. end - 1, and digests of the samples that are cut out with them. */
export function cutShards(
  inputs: Inputs,
  samples: Int32Array,
  first: number,
  end: number,
  numShards: number,
): { readonly own: Record<string, Values>; readonly digests: Float32Array } {
  const { samples: ids, ...own } = shardsOf({ ...inputs, samples }, first, end, numShards);
  const size = samples.length / numShards;
  const shards = Array.from({ length: end - first }, (_, shard) =>
    shardDigest((ids as Int32Array).subarray(shard * size, (shard + 1) * size)),
  );
  return { own, digests: Float32Array.from(inHalves(shards)) };
}

/** @param digests of all shards, in order */
export const digestOfStep = (digests: readonly number[]): number => stepDigest(fromHalves(digests));

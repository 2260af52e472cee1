// What both kinds of gang steps share.
import { shardDigest, stepDigest, type Gang, type Roster } from '@calm-orch/core';
import type { Values } from '@calm-orch/engine';
import { shardsOf, type Block, type ShardedStep, type StepAt } from '@calm-orch/model';
import type { Exchange } from './gang-exchange.ts';
import { fromHalves, inHalves } from '../training/lineage.ts';

export type Inputs = Readonly<Record<string, Values>>;

export interface GangStepOptions {
  readonly gang: Gang;
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly member: ShardedStep;
  /** Of this member's rank. */
  readonly blocks: readonly Block[];
  /** Aborted as soon as there is a newer roster. */
  readonly superseded: AbortSignal;
}

/** What members ask of each other with a step, a bit each: that all leave the roster, or save their parts, after it. */
export const wishes = { leave: 1, save: 2 } as const;

/** `wish`: what this member asks for. */
export type GangStepAt = StepAt & { readonly wish: number };

export interface StepDone {
  readonly loss: number;
  /** What any member asked for. */
  readonly wished: number;
  /** Digest of the samples of all shards, by whomever they were computed. */
  readonly samples: number;
}

/** Digests of shards as members hand them to each other: two numbers each. */
export const numbersPerDigest = 2;

/** Where gradients are added in the graph: digests of all shards, then what who computes them asks for, at its first. */
export const toldPerShard = numbersPerDigest + 1;

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

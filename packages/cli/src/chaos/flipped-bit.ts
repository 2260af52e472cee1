// A training step one of whose bits flips, once in a run: in the weights that a member of a gang has just updated.
import { closeSync, openSync } from 'node:fs';
import type { StageContext } from '@calm-orch/core';
import type { Flip } from './planted-fault.ts';

/** What this knows of the model's ShardedStep. */
export interface Step {
  /** Of the weights, and whose. */
  readonly buckets: readonly { readonly rank: number }[];
  apply(gradient: readonly Float32Array[], at: { readonly step: number }): boolean;
  bucketWeights(bucket: number): Float32Array;
  setBucketWeights(bucket: number, weights: Float32Array): void;
  member(blockSizes: readonly number[], slice?: { readonly numMembers: number; readonly rank: number }): Step;
}

/** `done`: made by whoever flips it, so that nobody else does, and no later attempt. */
export function flipping<S extends Step>(
  step: S,
  { gang }: Pick<StageContext, 'gang'>,
  { step: from, done }: Flip & { readonly done: string },
): S {
  return {
    ...step,
    member: (blockSizes, slice) => {
      const member = step.member(blockSizes, slice);
      const apply: Step['apply'] = (gradient, at) => {
        const isApplied = member.apply(gradient, at);
        if (at.step < from || (gang?.roster.members.length ?? 0) < 2 || !isMade(done)) return isApplied;
        const own = member.buckets.findIndex(({ rank }) => rank === (slice?.rank ?? 0));
        const weights = member.bucketWeights(own);
        new Int32Array(weights.buffer, weights.byteOffset)[weights.length >> 1]! ^= 1 << bit;
        member.setBucketWeights(own, weights);
        return isApplied;
      };
      return { ...member, apply };
    },
  };
}

/** Of the fraction: a weight becomes another of the same size. */
const bit = 20;

function isMade(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch {
    return false;
  }
}

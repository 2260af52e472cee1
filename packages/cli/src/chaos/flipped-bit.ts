// A training step one of whose bits flips, once in a run: in the weights that a member of a gang has just updated.
import { closeSync, openSync } from 'node:fs';
import type { StageContext } from '@calm-orch/core';
import type { Flip } from './planted-fault.ts';

/** What this knows of the model's ShardedStep. */
export interface Step {
  apply(gradient: Float32Array, at: { readonly step: number }): boolean;
  sliceWeights(): Float32Array;
  setSlices(slices: Iterable<readonly [rank: number, weights: Float32Array]>): void;
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
        const weights = member.sliceWeights();
        new Int32Array(weights.buffer, weights.byteOffset)[weights.length >> 1]! ^= 1 << bit;
        member.setSlices([[slice?.rank ?? 0, weights]]);
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

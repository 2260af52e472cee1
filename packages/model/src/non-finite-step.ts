// A step whose loss or gradient is not finite is not applied: weights and moments are those before it.
import { squaresAreFinite } from '@calm-orch/engine';
import { sumOfLosses } from './shard-gradients.ts';

export class NonFiniteStep extends Error {
  /** Shards whose loss is not finite; none where the gradient alone is not. */
  readonly shards: readonly number[];
  readonly numShards: number;

  constructor(losses: Float32Array) {
    const shards = [...losses.keys()].filter((shard) => !squaresAreFinite(losses.subarray(shard, shard + 1)));
    super(`the loss is ${sumOfLosses(losses)}${shards.length > 0 ? '' : ' and its gradient not finite'}`);
    this.name = 'NonFiniteStep';
    this.shards = shards;
    this.numShards = losses.length;
  }
}

/** @throws NonFiniteStep unless all losses are finite */
export function checkLosses(losses: Float32Array): void {
  if (!squaresAreFinite(losses)) throw new NonFiniteStep(losses);
}

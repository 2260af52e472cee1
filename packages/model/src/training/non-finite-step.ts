// A step whose loss or gradient is not finite is not applied: weights and moments are those before it.
import { squaresAreFinite } from '@calm-orch/engine';
import { sumOfLosses } from './shard-gradients.ts';

export class NonFiniteStep extends Error {
  /** Shards whose loss is not finite; none where the gradient alone is not. */
  readonly shards: readonly number[];
  readonly numShards: number;

  /** `losses`: of the first shards; those of the others are not known. */
  constructor(losses: readonly number[] | Float32Array, numShards = losses.length) {
    const all = Float32Array.from(losses);
    const shards = [...all.keys()].filter((shard) => !areFinite(all.subarray(shard, shard + 1)));
    const loss = shards.length > 0 ? shards.reduce((sum, shard) => sum + all[shard]!, 0) : sumOfLosses(all);
    super(`the loss is ${loss}${shards.length > 0 ? '' : ' and its gradient not finite'}`);
    this.name = 'NonFiniteStep';
    this.shards = shards;
    this.numShards = numShards;
  }
}

/** Of losses, as a step that applies itself asks of them. */
export const areFinite = squaresAreFinite;

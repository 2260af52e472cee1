// Parameters as the layers see them. A trainable parameter has two faces: `base`, the weights every sample uses, and
// `perShard` [S, ...], the same weights once per shard of the step. Layers compute with `base` and give their gradient
// for `perShard`, so one backward pass yields the gradient of every shard apart, as if each had been computed alone.
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '@calm-orch/engine';

export interface Parameter {
  readonly base: Tensor;
  /** undefined: frozen, no gradient is asked for. */
  readonly perShard?: Tensor;
  /** Low-rank factors beside the weight (lora.ts). */
  readonly adapter?: { readonly a: Parameter; readonly b: Parameter; readonly scale: number };
}

/** Looks a parameter up by its checkpoint key (Hugging Face names, e.g. `llm.model.norm.weight`). */
export interface Parameters {
  /** Shards in the batch; its first dimension is S * samples per shard, shard-major. */
  readonly numShards: number;
  get(name: string): Parameter;
  /** Present where activations are recomputed: `perShard` of the trained parameters whose names begin so. */
  readonly recomputed?: (prefix: string) => readonly Tensor[];
}

/** All parameters frozen: inference. */
export function frozenParameters(weights: Readonly<Record<string, Tensor>>, numShards = 1): Parameters {
  return {
    numShards,
    get: (name) => {
      const base = weights[name];
      if (base === undefined) throw new Error(`no weights for parameter ${name}`);
      return { base };
    },
  };
}

/** `base` once per shard. Nothing reads its values, so a compiled graph never computes it. */
export function tilePerShard(base: Tensor, numShards: number): Tensor {
  const one = base.expandDims(0);
  return numShards === 1 ? one : tf.tile(one, [numShards, ...base.shape.map(() => 1)]);
}

/** The differentiable tensors among parameters, for a custom gradient's argument list. */
export function trainable(parameters: readonly (Parameter | undefined)[]): Tensor[] {
  return parameters.flatMap((p) => (p?.perShard === undefined ? [] : [p.perShard]));
}

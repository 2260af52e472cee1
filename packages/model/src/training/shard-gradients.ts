// Gradients of the shards of a step, one row each, and the fixed binary tree their sums are taken in. Whoever computes a
// shard, alone or beside others, gets the same row; whoever adds rows adds them in the same pairs.
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { tf, type InputSpec, type Tensors } from '@calm-orch/engine';
import { tilePerShard, type Parameter, type Parameters } from '../layers/parameter.ts';
import type { NamedTensor } from '../checkpoints/safetensors.ts';

export type Shapes = Readonly<Record<string, readonly number[]>>;
export type Weights = Readonly<Record<string, NamedTensor>>;

/** Reads weights one at a time: of a model that fits in memory only once. */
export type WeightReader = (key: string) => NamedTensor | undefined;

export interface TrainingStep {
  /** The first dimension of every input is the batch, shard-major. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Loss of each shard [S], or their sum []: sums over samples (weights inside make them means), so that shards add up. */
  readonly loss: (parameters: Parameters, inputs: Tensors) => Tensor;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export type ShardGradients = (
  /** Trained weights, in the order of their shapes. */
  bases: readonly Tensor[],
  frozen: Readonly<Record<string, Tensor>>,
  step: TrainingStep,
  inputs: Tensors,
) => { readonly losses: Tensor; readonly gradients: readonly Tensor[] };

/** A function from weights to the losses [S] (or []) and gradients [S, ...shape] of each, of `numShards` shards. */
export function shardGradients(trainable: Shapes, numShards: number, recompute = false): ShardGradients {
  const keys = Object.keys(trainable);
  return (bases, frozen, step, inputs) => {
    const tiles = bases.map((base) => tilePerShard(base, numShards));
    const byKey = new Map<string, Parameter>(keys.map((key, i) => [key, { base: bases[i]!, perShard: tiles[i]! }]));
    const parameters: Parameters = {
      numShards,
      get: (name) => {
        const found = byKey.get(name) ?? (frozen[name] === undefined ? undefined : { base: frozen[name] });
        if (found === undefined)
          throw new CalmError('internal', `the training step reads ${name}, which is neither trained nor frozen`);
        return found;
      },
      ...(recompute && { recomputed: (prefix) => tiles.filter((_, i) => keys[i]!.startsWith(prefix)) }),
    };
    let kept: Tensor | undefined;
    const { grads } = tf.valueAndGrads((...args: Tensor[]) => {
      void args;
      kept = tf.keep(step.loss(parameters, inputs));
      return kept.sum<Scalar>();
    })(tiles);
    const losses = kept!.clone();
    kept!.dispose();
    return { losses, gradients: grads };
  };
}

/** Sum over axis 0 of [S, P] in a balanced binary tree over neighbours: ((0+1)+(2+3))+..., S a power of two. */
export function treeSum(x: Tensor): Tensor {
  const [rows, size] = x.shape as [number, number];
  let sum = x;
  for (let numShards = rows / 2; numShards >= 1; numShards /= 2) {
    const pairs = sum.reshape([numShards, 2 * size]);
    sum = pairs.slice([0, 0], [numShards, size]).add(pairs.slice([0, size], [numShards, size]));
  }
  return sum.reshape([size]);
}

/** treeSum of the shards' losses, in the same arithmetic. */
export function sumOfLosses(losses: ArrayLike<number>): number {
  let sums = Array.from(losses);
  while (sums.length > 1)
    sums = Array.from({ length: sums.length / 2 }, (_, i) => Math.fround(sums[2 * i]! + sums[2 * i + 1]!));
  return sums[0]!;
}

/** Splits a flat vector into named tensors, in the order of `shapes`. */
export function unflatten(flat: Float32Array, shapes: Shapes): Weights {
  let offset = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const values = flat.slice(offset, (offset += sizeOf(shape)));
      return [key, { shape, values }];
    }),
  );
}

/** Of the weights those that enter products: with `train.precision: bf16` these are kept as bfloat16 where they are frozen. */
export const matricesOf = (shapes: Shapes): string[] => Object.keys(shapes).filter((key) => shapes[key]!.length > 1);

/** @throws CalmError `bad_data` unless the weights hold this key in this shape. */
export function valuesOf(weights: Weights | WeightReader, key: string, shape: readonly number[]): Float32Array {
  const tensor = typeof weights === 'function' ? weights(key) : weights[key];
  if (tensor === undefined || tensor.shape.join() !== shape.join())
    throw new CalmError(
      'bad_data',
      `weights ${key}: expected ${shape.join('x')}, got ${tensor?.shape.join('x') ?? 'none'}`,
    );
  return tensor.values;
}

// What whole steps and gang steps share: Adam's bias corrections (Kingma and Ba 2015, section 2), what is done to gradient
// and weights beside it, and where frozen weights live in a program.
import type { Tensor } from '@tensorflow/tfjs-core';
import { power, type TrainOptions } from '@calm-orch/core';
import { tf, type FunctionResult, type InputSpec, type Shape, type Tensors, type Values } from '@calm-orch/engine';
import { clipFactor } from '../calm/clip.ts';
import { isGain } from '../layers/initialize.ts';
import { sizeOf, type Shapes } from './shard-gradients.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

const scalar: InputSpec = { shape: [], dtype: 'float32' };

/** Clipping and decoupled weight decay (Loshchilov and Hutter 2019). */
export type OptimizerOptions = Pick<TrainOptions, 'maxGradientNorm' | 'weightDecay'>;

export const plainAdam: OptimizerOptions = { maxGradientNorm: null, weightDecay: 0 };

/** Inputs of every function that updates; `adamInputs` are their values. */
export function scalarInputs({ weightDecay }: OptimizerOptions): Record<string, InputSpec> {
  return { adamRate: scalar, adamEpsilon: scalar, ...(weightDecay > 0 && { decay: scalar }) };
}

/** Rate and epsilon of 0-based step `step`, bias corrections included; what decaying weights are multiplied by. */
export function adamInputs(
  { step, learningRate }: { step: number; learningRate: number },
  { weightDecay }: OptimizerOptions,
): Record<string, Values> {
  const correction = Math.sqrt(1 - power(beta2, step + 1));
  return {
    adamRate: Float32Array.of((learningRate * correction) / (1 - power(beta1, step + 1))),
    adamEpsilon: Float32Array.of(epsilon * correction),
    ...(weightDecay > 0 && { decay: Float32Array.of(1 - learningRate * weightDecay) }),
  };
}

/** Whether a parameter decays: neither biases nor gains of norms do (as in transformers' Trainer). */
export const decays = (key: string): boolean => !isGain(key) && !/(^|\.)bias$/.test(key);

/** The update of the flat vectors `weights`, `m` and `v` by the flat gradient [P] of all shards, if it is finite. */
export function flatUpdate(
  trainable: Shapes,
  { maxGradientNorm, weightDecay }: OptimizerOptions,
  gradient: Tensor,
  inputs: Tensors,
): Required<Pick<FunctionResult, 'updates' | 'finite'>> {
  const keys = Object.keys(trainable);
  const sizes = keys.map((key) => sizeOf(trainable[key]!));
  const pieces = (): Tensor[] => (sizes.length === 1 ? [gradient] : tf.split(gradient, sizes));
  const factors = (): Tensor[] =>
    keys.map((key, i) => tf.tile((decays(key) ? inputs.decay! : tf.scalar(1)).reshape([1]), [sizes[i]!]));
  const update = {
    ...{ variable: 'weights', firstMoment: 'm', secondMoment: 'v' },
    gradient: maxGradientNorm === null ? gradient : gradient.mul(clipFactor(pieces(), maxGradientNorm)),
    ...{ rate: inputs.adamRate!, epsilon: inputs.adamEpsilon! },
    ...(weightDecay > 0 && { decay: keys.length === 1 ? factors()[0]! : tf.concat(factors()) }),
  };
  return { updates: [update], finite: [gradient] };
}

/** Shapes of the program's variables for frozen weights. */
export function frozenShapesOf(frozen: Shapes): Record<string, Shape> {
  return Object.fromEntries(Object.entries(frozen).map(([key, shape]) => [`frozen/${key}`, shape]));
}

/** Values of those variables, read as they are asked for. */
export function* frozenValues(
  frozen: Shapes,
  values: (key: string) => Float32Array,
): Generator<readonly [string, Float32Array]> {
  for (const key of Object.keys(frozen)) yield [`frozen/${key}`, values(key)];
}

/** Frozen weights by key, from a program's variables. */
export function frozenOf(frozen: Shapes, variables: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.keys(frozen).map((key) => [key, variables[`frozen/${key}`]!]));
}

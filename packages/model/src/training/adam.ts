// Adam as all steps do it: its bias corrections (Kingma and Ba 2015, section 2), clipping and weight decay.
import type { Tensor } from '@tensorflow/tfjs-core';
import { power, type TrainOptions } from '@calm-orch/core';
import { beta1, beta2, tf, type AdamUpdate, type InputSpec, type Tensors, type Values } from '@calm-orch/engine';
import { clipFactor } from '../calm/clip.ts';
import { isGain } from '../layers/initialize.ts';
import { joined, parametersOf, type Bucket } from './buckets.ts';
import type { Shapes } from './shard-gradients.ts';

const epsilon = 1e-8;

const scalar: InputSpec = { shape: [], dtype: 'float32' };

/** Clipping and decoupled weight decay (Loshchilov and Hutter 2019). */
export type OptimizerOptions = Pick<TrainOptions, 'maxGradientNorm' | 'weightDecay'>;

export const plainAdam: OptimizerOptions = { maxGradientNorm: null, weightDecay: 0 };

export interface StepAt {
  /** 0-based. */
  readonly step: number;
  readonly learningRate: number;
}

/** Inputs of every function that updates; `adamInputs` are their values. */
export function scalarInputs({ weightDecay }: OptimizerOptions): Record<string, InputSpec> {
  return { adamRate: scalar, adamEpsilon: scalar, ...(weightDecay > 0 && { decay: scalar }) };
}

/** Rate and epsilon of a step, bias corrections included; what decaying weights are multiplied by. */
export function adamInputs({ step, learningRate }: StepAt, { weightDecay }: OptimizerOptions): Record<string, Values> {
  const correction = Math.sqrt(1 - power(beta2, step + 1));
  return {
    adamRate: Float32Array.of((learningRate * correction) / (1 - power(beta1, step + 1))),
    adamEpsilon: Float32Array.of(epsilon * correction),
    ...(weightDecay > 0 && { decay: Float32Array.of(1 - learningRate * weightDecay) }),
  };
}

/** Whether a parameter decays: neither biases nor gains of norms do (as in transformers' Trainer). */
export const decays = (key: string): boolean => !isGain(key) && !/(^|\.)bias$/.test(key);

/** The updates of buckets by the sums of their gradients over all shards; clipping needs all buckets. */
export function adamUpdates(
  trainable: Shapes,
  buckets: readonly Bucket[],
  { maxGradientNorm, weightDecay }: OptimizerOptions,
  gradients: readonly Tensor[],
  inputs: Tensors,
): AdamUpdate[] {
  const factor =
    maxGradientNorm === null ? undefined : clipFactor(parametersOf(trainable, buckets, gradients), maxGradientNorm);
  return buckets.map(({ name, parts }, b) => ({
    variable: `weights${name}`,
    firstMoment: `m${name}`,
    secondMoment: `v${name}`,
    gradient: factor === undefined ? gradients[b]! : gradients[b]!.mul(factor),
    rate: inputs.adamRate!,
    epsilon: inputs.adamEpsilon!,
    ...(weightDecay > 0 && { decay: decayOf(parts, inputs.decay!) }),
  }));
}

/** What a bucket is multiplied by: one factor for all numbers, or one for each. */
function decayOf(parts: Bucket['parts'], decay: Tensor): Tensor {
  if (parts.every(({ key }) => decays(key))) return decay;
  const one = tf.scalar(1);
  return joined(parts.map(({ key, first, end }) => tf.tile((decays(key) ? decay : one).reshape([1]), [end - first])));
}

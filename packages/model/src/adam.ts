// What whole steps and gang steps share: Adam's bias corrections (Kingma and Ba 2015, section 2), and where frozen
// weights live in a program.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { InputSpec, Shape, Values } from '@calm-orch/engine';
import type { Shapes } from './shard-gradients.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

const scalar: InputSpec = { shape: [], dtype: 'float32' };
/** Inputs of every function that updates; `adamInputs` are their values. */
export const scalarInput = { adamRate: scalar, adamEpsilon: scalar } as const;

/** Rate and epsilon of 0-based step `step`, bias corrections included. */
export function adamInputs({ step, learningRate }: { step: number; learningRate: number }): Record<string, Values> {
  const correction = Math.sqrt(1 - beta2 ** (step + 1));
  return {
    adamRate: Float32Array.of((learningRate * correction) / (1 - beta1 ** (step + 1))),
    adamEpsilon: Float32Array.of(epsilon * correction),
  };
}

/** Shapes of the program's variables for frozen weights. */
export function frozenShapesOf(frozen: Shapes): Record<string, Shape> {
  return Object.fromEntries(Object.entries(frozen).map(([key, shape]) => [`frozen/${key}`, shape]));
}

/** Frozen weights by key, from a program's variables. */
export function frozenOf(frozen: Shapes, variables: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.keys(frozen).map((key) => [key, variables[`frozen/${key}`]!]));
}

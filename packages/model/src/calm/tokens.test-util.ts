// Tokens that a part of MFAM makes of hidden states, as a compiled program and a training step of two shards give them.
import type { Tensor } from '@tensorflow/tfjs-core';
import { createProgram, type Engine } from '@calm-orch/engine';
import { frozenParameters, type Parameters } from '../layers/parameter.ts';
import { createShardedStep } from '../training/sharded-step.ts';
import { unflatten, type Weights } from '../training/shard-gradients.ts';

export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const specOf = ({ shape }: Numbers) => ({ shape, dtype: 'float32' as const });
const shapesOf = (weights: Weights) =>
  Object.fromEntries(Object.entries(weights).map(([key, { shape }]) => [key, shape]));

export type TokensOf = (parameters: Parameters, states: Tensor) => Tensor;

export function tokensOf(engine: Engine, weights: Weights, states: Numbers, make: TokensOf): Float32Array {
  const program = createProgram(engine, {
    variables: shapesOf(weights),
    functions: {
      make: {
        inputs: { states: specOf(states) },
        body: (variables, inputs) => ({ outputs: { tokens: make(frozenParameters(variables), inputs.states!) } }),
      },
    },
  });
  for (const [key, { values }] of Object.entries(weights)) program.assign(key, values);
  const { tokens } = program.run('make', { states: states.values });
  program.dispose();
  return tokens!;
}

/** Gradients of the sum of tokens * pull by the weights. */
export function gradientsOf(engine: Engine, weights: Weights, states: Numbers, pull: Numbers, make: TokensOf): Weights {
  const shapes = shapesOf(weights);
  const training = createShardedStep(engine, {
    trainable: shapes,
    frozen: {},
    numShards: 2,
    blockSizes: [2],
    steps: {
      all: {
        inputs: { states: specOf(states), pull: specOf(pull) },
        loss: (parameters, inputs) => make(parameters, inputs.states!).mul(inputs.pull!).sum(),
      },
    },
  });
  training.setWeights(weights);
  const { gradient } = training.gradient('all', { states: states.values, pull: pull.values });
  training.dispose();
  return unflatten(gradient, shapes);
}

/** The largest, or by how much the lengths differ. */
export const difference = (got: Float32Array, expected: ArrayLike<number>): number =>
  Math.max(Math.abs(got.length - expected.length), ...got.map((x, i) => Math.abs(x - expected[i]!)));

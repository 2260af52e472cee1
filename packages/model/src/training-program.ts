// The training step as one program: gradients of every shard, their sum in a fixed binary tree, Adam. The trainable
// weights and both moments are three flat vectors resident in the session; frozen weights are resident by name.
// Invariant: a shard's gradient depends on weights and its own samples only, so the sum does not depend on how many
// shards were computed together (tested bit for bit).
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import {
  createProgram,
  tf,
  type Engine,
  type InputSpec,
  type Program,
  type ProgramFunction,
  type Tensors,
  type Values,
} from '@calm-orch/engine';
import { tilePerShard, type Parameter, type Parameters } from './parameter.ts';
import type { NamedTensor } from './safetensors.ts';

export type Shapes = Readonly<Record<string, readonly number[]>>;
export type Weights = Readonly<Record<string, NamedTensor>>;

export interface TrainingStep {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Scalar loss: a sum over samples (weights inside make it a mean), so that shards add up. */
  readonly loss: (parameters: Parameters, inputs: Tensors) => Tensor;
}

export interface TrainingSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly numShards: number;
  /** Step functions that train the same weights on different inputs. */
  readonly steps: Readonly<Record<string, TrainingStep>>;
  /** Also offer `gradient()`; costs a second trace. @default false */
  readonly withGradient?: boolean;
}

/** Weights and Adam's moments, flat, in the order of `keys`. */
export interface TrainingState {
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

export interface TrainingProgram {
  readonly program: Program;
  readonly keys: readonly string[];
  /** Replaces all weights; the moments become zero. */
  setWeights(weights: Weights): void;
  weights(): Weights;
  state(): TrainingState;
  setState(state: TrainingState): void;
  /** One optimizer step (0-based `step` for the bias corrections); the loss before it. */
  step(name: string, inputs: Readonly<Record<string, Values>>, at: { step: number; learningRate: number }): number;
  /** The summed flat gradient without an update. */
  gradient(name: string, inputs: Readonly<Record<string, Values>>): { loss: number; gradient: Float32Array };
  dispose(): void;
}

const beta1 = 0.9;
const beta2 = 0.999;
const adamEpsilon = 1e-8;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

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

/** @throws CalmError `invalid_argument` unless numShards is a power of two. */
export function createTrainingProgram(
  engine: Engine,
  spec: TrainingSpec,
  options: { eager?: boolean } = {},
): TrainingProgram {
  const { numShards } = spec;
  if (!Number.isInteger(Math.log2(numShards)))
    throw new CalmError('invalid_argument', `train.stepShards must be a power of two (got ${numShards}); try 4 or 8`);
  const keys = Object.keys(spec.trainable);
  const shapes = keys.map((key) => spec.trainable[key]!);
  const sizes = shapes.map(sizeOf);
  const total = sizes.reduce((a, b) => a + b, 0);

  const flatGradient = (
    flat: Tensor,
    frozen: Readonly<Record<string, Tensor>>,
    step: TrainingStep,
    inputs: Tensors,
  ) => {
    const pieces = sizes.length === 1 ? [flat] : tf.split(flat, sizes);
    const bases = pieces.map((piece, i) => piece.reshape([...shapes[i]!]));
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
    };
    const { value, grads } = tf.valueAndGrads(
      (...args: Tensor[]) => (void args, step.loss(parameters, inputs) as Scalar),
    )(tiles);
    const rows = tf.concat(
      grads.map((g, i) => g.reshape([numShards, sizes[i]!])),
      1,
    );
    return { loss: value, gradient: treeSum(rows) };
  };
  const frozenOf = (variables: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
    Object.fromEntries(Object.keys(spec.frozen).map((key) => [key, variables[`frozen/${key}`]!]));
  const scalar: InputSpec = { shape: [], dtype: 'float32' };
  const functions: Record<string, ProgramFunction> = {};
  for (const [name, step] of Object.entries(spec.steps)) {
    functions[`step_${name}`] = {
      inputs: { ...step.inputs, adamRate: scalar, adamEpsilon: scalar },
      body: (variables, inputs) => {
        const { loss, gradient } = flatGradient(variables.weights!, frozenOf(variables), step, inputs);
        const update = {
          variable: 'weights',
          firstMoment: 'm',
          secondMoment: 'v',
          gradient,
          rate: inputs.adamRate!,
          epsilon: inputs.adamEpsilon!,
        };
        return { outputs: { loss }, updates: [update] };
      },
    };
    if (spec.withGradient === true)
      functions[`gradient_${name}`] = {
        inputs: step.inputs,
        body: (variables, inputs) => ({
          outputs: flatGradient(variables.weights!, frozenOf(variables), step, inputs),
        }),
      };
  }
  const frozenShapes = Object.fromEntries(Object.entries(spec.frozen).map(([key, shape]) => [`frozen/${key}`, shape]));
  const program = createProgram(
    engine,
    { variables: { weights: [total], m: [total], v: [total], ...frozenShapes }, functions },
    options,
  );

  const valuesOf = (weights: Weights, key: string, shape: readonly number[]): Float32Array => {
    const tensor = weights[key];
    if (tensor === undefined || tensor.shape.join() !== shape.join())
      throw new CalmError(
        'bad_data',
        `weights ${key}: expected ${shape.join('x')}, got ${tensor?.shape.join('x') ?? 'none'}`,
      );
    return tensor.values;
  };
  return {
    program,
    keys,
    setWeights: (weights) => {
      const flat = new Float32Array(total);
      let offset = 0;
      keys.forEach((key, i) => {
        flat.set(valuesOf(weights, key, shapes[i]!), offset);
        offset += sizes[i]!;
      });
      program.assign('weights', flat);
      program.assign('m', new Float32Array(total));
      program.assign('v', new Float32Array(total));
      for (const [key, shape] of Object.entries(spec.frozen))
        program.assign(`frozen/${key}`, valuesOf(weights, key, shape));
    },
    weights: () => unflatten(program.read('weights'), spec.trainable),
    state: () => ({
      weights: program.read('weights'),
      firstMoment: program.read('m'),
      secondMoment: program.read('v'),
    }),
    setState: (state) => {
      program.assign('weights', state.weights);
      program.assign('m', state.firstMoment);
      program.assign('v', state.secondMoment);
    },
    step: (name, inputs, { step, learningRate }) => {
      const correction = Math.sqrt(1 - beta2 ** (step + 1));
      const result = program.run(`step_${name}`, {
        ...inputs,
        adamRate: Float32Array.of((learningRate * correction) / (1 - beta1 ** (step + 1))),
        adamEpsilon: Float32Array.of(adamEpsilon * correction),
      });
      return result.loss![0]!;
    },
    gradient: (name, inputs) => {
      const result = program.run(`gradient_${name}`, inputs);
      return { loss: result.loss![0]!, gradient: result.gradient! };
    },
    dispose: () => program.dispose(),
  };
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

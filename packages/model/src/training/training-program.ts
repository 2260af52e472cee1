// The training step as one program: gradients of every shard, their sum in a fixed binary tree, Adam. The trainable
// weights and both moments are three flat vectors resident in the session; frozen weights are resident by name.
// Invariant: a shard's gradient depends on weights and its own samples only, so the sum does not depend on how many
// shards were computed together (tested bit for bit).
import { CalmError } from '@calm-orch/core';
import {
  createProgram,
  type Engine,
  type Precision,
  type Program,
  type ProgramFunction,
  type Values,
} from '@calm-orch/engine';
import {
  adamInputs,
  flatUpdate,
  frozenOf,
  frozenShapesOf,
  frozenValues,
  plainAdam,
  scalarInputs,
  type OptimizerOptions,
} from './adam.ts';
import { flatState, setFlatState } from './flat-state.ts';
import { createAccumulatingProgram } from './accumulating-program.ts';
import { NonFiniteStep } from './non-finite-step.ts';
import type { NamedTensor } from '../checkpoints/safetensors.ts';
import {
  shardGradients,
  sizeOf,
  sumOfLosses,
  treeSum,
  unflatten,
  valuesOf,
  type Shapes,
  type TrainingStep,
  type WeightReader,
  type Weights,
} from './shard-gradients.ts';

export interface TrainingSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly numShards: number;
  /** Step functions that train the same weights on different inputs. */
  readonly steps: Readonly<Record<string, TrainingStep>>;
  /** @default Adam alone */
  readonly optimizer?: OptimizerOptions;
  /** Calls a step is computed in; a power of two that divides numShards. @default 1 */
  readonly accumulation?: number;
  /** Compute layers again in the backward pass instead of keeping their activations. @default false */
  readonly recompute?: boolean;
  /** @default 'fp32' */
  readonly precision?: Precision;
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
  setWeights(weights: Weights | WeightReader): void;
  /** One trained weight. */
  weight(key: string): NamedTensor;
  weights(): Weights;
  state(): TrainingState;
  setState(state: TrainingState): void;
  /**
   * One optimizer step (0-based `step` for the bias corrections); the loss before it. @throws NonFiniteStep with the state
   * unchanged
   */
  step(name: string, inputs: Readonly<Record<string, Values>>, at: { step: number; learningRate: number }): number;
  /** The summed flat gradient without an update. */
  gradient(name: string, inputs: Readonly<Record<string, Values>>): { loss: number; gradient: Float32Array };
  dispose(): void;
}

/** @throws CalmError `invalid_argument` unless numShards is a power of two and accumulation divides it. */
export function createTrainingProgram(
  engine: Engine,
  spec: TrainingSpec,
  options: { eager?: boolean } = {},
): TrainingProgram {
  const { numShards, optimizer = plainAdam, accumulation = 1 } = spec;
  if (!Number.isInteger(Math.log2(numShards)))
    throw new CalmError('invalid_argument', `train.stepShards must be a power of two (got ${numShards}); try 4 or 8`);
  if (accumulation > 1) return createAccumulatingProgram(engine, { ...spec, optimizer, accumulation }, options);
  const keys = Object.keys(spec.trainable);
  const shapes = keys.map((key) => spec.trainable[key]!);
  const sizes = shapes.map(sizeOf);
  const total = sizes.reduce((a, b) => a + b, 0);

  const gradients = shardGradients(spec.trainable, numShards, spec.recompute);
  const functions: Record<string, ProgramFunction> = {};
  for (const [name, step] of Object.entries(spec.steps)) {
    functions[`step_${name}`] = {
      inputs: { ...step.inputs, ...scalarInputs(optimizer) },
      body: (variables, inputs) => {
        const { losses, rows } = gradients(variables.weights!, frozenOf(spec.frozen, variables), step, inputs);
        const { updates, finite } = flatUpdate(spec.trainable, optimizer, treeSum(rows), inputs);
        return { outputs: { losses }, updates, finite: [losses, ...finite] };
      },
    };
    if (spec.withGradient === true)
      functions[`gradient_${name}`] = {
        inputs: step.inputs,
        body: (variables, inputs) => {
          const { losses, rows } = gradients(variables.weights!, frozenOf(spec.frozen, variables), step, inputs);
          return { outputs: { losses, gradient: treeSum(rows) } };
        },
      };
  }
  const program = createProgram(
    engine,
    {
      ...(spec.precision && { precision: spec.precision }),
      variables: { weights: [total], m: [total], v: [total], ...frozenShapesOf(spec.frozen) },
      functions,
    },
    options,
  );

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
      const zeros = new Float32Array(total);
      setFlatState(program, { weights: flat, firstMoment: zeros, secondMoment: zeros });
      program.assignAll(frozenValues(spec.frozen, (key) => valuesOf(weights, key, spec.frozen[key]!)));
    },
    weights: () => unflatten(program.read('weights'), spec.trainable),
    weight: (key) => unflatten(program.read('weights'), spec.trainable)[key]!,
    state: () => flatState(program),
    setState: (state) => setFlatState(program, state),
    step: (name, inputs, at) => {
      const result = program.run(`step_${name}`, { ...inputs, ...adamInputs(at, optimizer) });
      if (result.applied![0] !== 1) throw new NonFiniteStep(result.losses!);
      return sumOfLosses(result.losses!);
    },
    gradient: (name, inputs) => {
      const result = program.run(`gradient_${name}`, inputs);
      return { loss: sumOfLosses(result.losses!), gradient: result.gradient! };
    },
    dispose: () => program.dispose(),
  };
}

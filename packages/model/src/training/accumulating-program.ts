// The training step in several calls, each for some of its shards, so that memory holds the activations and the gradients
// of one call. Partial sums wait in variables, one for each level of the fixed binary tree over shards, and are added as
// the binary counter of the calls carries: the same additions as in one call, to the bit. Weights, moments and sums are a
// variable each by parameter, so that no vector has to hold a whole model and each gradient is freed when it is added.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { createProgram, type AdamUpdate, type Engine, type ProgramFunction } from '@calm-orch/engine';
import {
  adamInputs,
  decays,
  frozenOf,
  frozenShapesOf,
  frozenValues,
  scalarInputs,
  type OptimizerOptions,
} from './adam.ts';
import { shardsOf } from '../layers/blocks.ts';
import { clipFactor } from '../calm/clip.ts';
import { areFinite, NonFiniteStep } from './non-finite-step.ts';
import { parameterGradients, sizeOf, sumOfLosses, treeSum, valuesOf } from './shard-gradients.ts';
import type { TrainingProgram, TrainingSpec, TrainingState } from './training-program.ts';

export interface AccumulatingSpec extends TrainingSpec {
  readonly optimizer: OptimizerOptions;
  readonly accumulation: number;
}

type Prefix = 'weight' | 'm' | 'v';

/** @throws CalmError `invalid_argument` unless accumulation is a power of two that divides numShards. */
export function createAccumulatingProgram(
  engine: Engine,
  spec: AccumulatingSpec,
  options: { eager?: boolean } = {},
): TrainingProgram {
  const { trainable, frozen, numShards, accumulation, optimizer } = spec;
  const numLevels = Math.log2(accumulation);
  if (!Number.isInteger(numLevels) || numShards % accumulation !== 0)
    throw new CalmError(
      'invalid_argument',
      `train.accumulation must be a power of two that divides train.stepShards (got ${accumulation} and ${numShards})`,
    );
  const shardsOfCall = numShards / accumulation;
  const entries = Object.entries(trainable);
  const keys = entries.map(([key]) => key);
  const sumName = (level: number, key: string): string => `sum${level}/${key}`;
  const named = (prefix: Prefix): Record<string, readonly number[]> =>
    Object.fromEntries(entries.map(([key, shape]) => [`${prefix}/${key}`, shape]));
  const sums = Array.from({ length: numLevels }, (_, level) =>
    Object.fromEntries(entries.map(([key, shape]) => [sumName(level, key), shape])),
  );

  const gradientsOf = parameterGradients(trainable, shardsOfCall, spec.recompute);
  /** The call that carries through `carried` levels; the one that carries through all of them updates. */
  const callOf = (name: string, carried: number): ProgramFunction => {
    const step = spec.steps[name]!;
    const isLast = carried === numLevels;
    return {
      inputs: {
        ...Object.fromEntries(
          Object.entries(step.inputs).map(([key, { shape, dtype }]) => [
            key,
            { dtype, shape: [shape[0]! / accumulation, ...shape.slice(1)] },
          ]),
        ),
        ...(isLast && scalarInputs(optimizer)),
      },
      body: (variables, inputs) => {
        const bases = keys.map((key) => variables[`weight/${key}`]!);
        const { losses, gradients } = gradientsOf(bases, frozenOf(frozen, variables), step, inputs);
        const total = gradients.map((gradient, i) => {
          const [key, shape] = entries[i]!;
          let sum: Tensor = treeSum(gradient.reshape([shardsOfCall, sizeOf(shape)])).reshape([...shape]);
          for (let level = 0; level < carried; level++) sum = variables[sumName(level, key)]!.add(sum);
          return sum;
        });
        if (!isLast)
          return {
            outputs: { losses },
            assigns: Object.fromEntries(total.map((sum, i) => [sumName(carried, keys[i]!), sum])),
          };
        const { maxGradientNorm, weightDecay } = optimizer;
        const factor = maxGradientNorm === null ? undefined : clipFactor(total, maxGradientNorm);
        const updates = total.map((sum, i): AdamUpdate => {
          const key = keys[i]!;
          return {
            ...{ variable: `weight/${key}`, firstMoment: `m/${key}`, secondMoment: `v/${key}` },
            gradient: factor === undefined ? sum : sum.mul(factor),
            ...{ rate: inputs.adamRate!, epsilon: inputs.adamEpsilon! },
            ...(weightDecay > 0 && decays(key) && { decay: inputs.decay! }),
          };
        });
        return { outputs: { losses }, updates, finite: [losses, ...total] };
      },
    };
  };
  const functions = Object.fromEntries(
    Object.keys(spec.steps).flatMap((name) =>
      Array.from({ length: numLevels + 1 }, (_, carried) => [`${name}_${carried}`, callOf(name, carried)]),
    ),
  );
  const program = createProgram(
    engine,
    {
      ...(spec.precision && { precision: spec.precision }),
      variables: Object.assign({}, named('weight'), named('m'), named('v'), ...sums, frozenShapesOf(frozen)) as Record<
        string,
        readonly number[]
      >,
      functions,
    },
    options,
  );
  // Variables begin at zero.
  let momentsAreZero = true;
  const read = (prefix: Prefix): Float32Array => {
    const flat = new Float32Array(entries.reduce((sum, [, shape]) => sum + sizeOf(shape), 0));
    let offset = 0;
    for (const values of program.readAll(keys.map((key) => `${prefix}/${key}`))) {
      flat.set(values, offset);
      offset += values.length;
    }
    return flat;
  };
  const partsOf = function* (prefix: Prefix, flat: Float32Array): Generator<readonly [string, Float32Array]> {
    let offset = 0;
    for (const [key, shape] of entries) yield [`${prefix}/${key}`, flat.subarray(offset, (offset += sizeOf(shape)))];
  };
  const zeros = function* (prefix: Prefix): Generator<readonly [string, Float32Array]> {
    for (const [key, shape] of entries) yield [`${prefix}/${key}`, new Float32Array(sizeOf(shape))];
  };
  return {
    program,
    keys,
    setWeights: (weights) => {
      const values = function* (): Generator<readonly [string, Float32Array]> {
        for (const [key, shape] of entries) yield [`weight/${key}`, valuesOf(weights, key, shape)];
      };
      program.assignAll(values());
      if (!momentsAreZero) for (const prefix of ['m', 'v'] as const) program.assignAll(zeros(prefix));
      momentsAreZero = true;
      program.assignAll(frozenValues(frozen, (key) => valuesOf(weights, key, frozen[key]!)));
    },
    weight: (key) => ({ shape: trainable[key]!, values: program.read(`weight/${key}`) }),
    weights: () =>
      Object.fromEntries(
        Array.from(program.readAll(keys.map((key) => `weight/${key}`)), (values, i) => [
          keys[i]!,
          { shape: entries[i]![1], values },
        ]),
      ),
    state: (): TrainingState => ({ weights: read('weight'), firstMoment: read('m'), secondMoment: read('v') }),
    setState: (state) => {
      program.assignAll(partsOf('weight', state.weights));
      program.assignAll(partsOf('m', state.firstMoment));
      program.assignAll(partsOf('v', state.secondMoment));
      momentsAreZero = false;
    },
    step: (name, inputs, at) => {
      const losses: number[] = [];
      for (let call = 0; call < accumulation; call++) {
        const carried = trailingOnes(call);
        // The last call knows its own losses alone.
        if (carried === numLevels && !areFinite(Float32Array.from(losses))) throw new NonFiniteStep(losses, numShards);
        const result = program.run(`${name}_${carried}`, {
          ...shardsOf(inputs, call, call + 1, accumulation),
          ...(carried === numLevels && adamInputs(at, optimizer)),
        });
        losses.push(...result.losses!);
        if (result.applied?.[0] === 0) throw new NonFiniteStep(losses);
      }
      momentsAreZero = false;
      return sumOfLosses(losses);
    },
    gradient: () => {
      throw new CalmError('internal', 'a program that accumulates offers no gradient');
    },
    dispose: () => program.dispose(),
  };
}

function trailingOnes(n: number): number {
  let count = 0;
  for (let rest = n; rest % 2 === 1; rest = (rest - 1) / 2) count++;
  return count;
}

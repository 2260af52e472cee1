// The functions of a training step's program. Every one computes the gradients of an aligned block of shards, all of them,
// a part or those of a gang's member; adds them in the fixed binary tree; or updates with the sum over all shards.
import {
  sumsOverMembers,
  tf,
  unfused,
  type Cluster,
  type InputSpec,
  type ProgramFunction,
  type Tensors,
  type Variables,
} from '@calm-orch/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import { adamUpdates, scalarInputs, type OptimizerOptions } from './adam.ts';
import { parametersOf, sumsOf, type Bucket } from './buckets.ts';
import { shardGradients, type Shapes, type TrainingStep } from './shard-gradients.ts';

export interface FunctionSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly numShards: number;
  readonly steps: Readonly<Record<string, TrainingStep>>;
  readonly optimizer: OptimizerOptions;
  readonly recompute?: boolean;
  readonly buckets: readonly Bucket[];
  /** Those that are updated. */
  readonly own: readonly Bucket[];
}

/** Sum of a level of the tree in a bucket, until its neighbour is there. */
export const sumName = (level: number, { name }: Bucket): string => `sum${level}/${name}`;
export const accumulateName = (name: string, numShards: number): string => `accumulate${numShards}_${name}`;
export const togetherName = (name: string): string => `together_${name}`;
export const runName = (name: string, carried: number): string => `run${carried}_${name}`;

/** Losses of a block of this many shards, and the sums of their gradients by bucket. */
function sumsOfBlock({ trainable, frozen, recompute, buckets }: FunctionSpec, numShards: number) {
  const gradientsOf = shardGradients(trainable, numShards, recompute);
  return (step: TrainingStep, variables: Variables, inputs: Tensors) => {
    const numbers = buckets.map(({ name }) => variables[`weights${name}`]!);
    const frozenWeights = Object.fromEntries(Object.keys(frozen).map((key) => [key, variables[`frozen/${key}`]!]));
    const { losses, gradients } = gradientsOf(parametersOf(trainable, buckets, numbers), frozenWeights, step, inputs);
    return { losses, sums: sumsOf(trainable, buckets, gradients) };
  };
}

/** Inputs of a block of this many shards. */
function inputsOf({ inputs }: TrainingStep, numShards: number, { numShards: all }: FunctionSpec) {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, { shape, dtype }]): [string, InputSpec] => [
      key,
      { dtype, shape: [(shape[0]! / all) * numShards, ...shape.slice(1)] },
    ]),
  );
}

function updated({ trainable, own, optimizer }: FunctionSpec, gradients: readonly Tensor[], inputs: Tensors) {
  return { updates: adamUpdates(trainable, own, optimizer, gradients, inputs), finite: gradients };
}

/**
 * A step in 2 ** numLevels calls, for some of its shards each: so memory holds the activations and the gradients of one
 * call. Partial sums wait in variables, one for each level of the tree, and are added as the binary counter of the calls
 * carries. There is a function for every number of carried levels; the one that carries through all of them updates.
 */
export function runFunctions(spec: FunctionSpec, numLevels: number): Record<string, ProgramFunction> {
  const numShards = spec.numShards / (1 << numLevels);
  const sumsOfCall = sumsOfBlock(spec, numShards);
  const functionOf = (step: TrainingStep, carried: number): ProgramFunction => {
    const isLast = carried === numLevels;
    return {
      inputs: { ...inputsOf(step, numShards, spec), ...(isLast && scalarInputs(spec.optimizer)) },
      body: (variables, inputs) => {
        const { losses, sums } = sumsOfCall(step, variables, inputs);
        const totals = sums.map((sum, b) => {
          let total = sum;
          // Of a chain of `add` TensorFlow's graph optimizer makes one AddN, which adds in an order of its own.
          for (let level = 0; level < carried; level++)
            total = unfused(variables[sumName(level, spec.buckets[b]!)]!.add(total));
          return total;
        });
        if (!isLast)
          return {
            outputs: { losses },
            assigns: Object.fromEntries(totals.map((total, b) => [sumName(carried, spec.buckets[b]!), total])),
          };
        const { updates, finite } = updated(spec, totals, inputs);
        return { outputs: { losses }, updates, finite: [losses, ...finite] };
      },
    };
  };
  return Object.fromEntries(
    Object.entries(spec.steps).flatMap(([name, step]) =>
      Array.from({ length: numLevels + 1 }, (_, carried) => [runName(name, carried), functionOf(step, carried)]),
    ),
  );
}

/**
 * The halves of a step: sums over blocks of these sizes, and the update with the sum over all shards. A call computes one
 * aligned block: on AVX2 three shards together, unlike 1, 2, 4 or 8, were seen to have other bits than alone.
 */
export function blockFunctions(spec: FunctionSpec, blockSizes: readonly number[]): Record<string, ProgramFunction> {
  const functions: Record<string, ProgramFunction> = {
    apply: {
      inputs: {
        ...Object.fromEntries(
          spec.own.map(({ name, first, end }): [string, InputSpec] => [
            `gradient${name}`,
            { shape: [end - first], dtype: 'float32' },
          ]),
        ),
        ...scalarInputs(spec.optimizer),
      },
      body: (_, inputs) => {
        const gradients = spec.own.map(({ name }) => inputs[`gradient${name}`]!);
        return { outputs: {}, ...updated(spec, gradients, inputs) };
      },
    },
  };
  for (const size of blockSizes) {
    const sumsOfCall = sumsOfBlock(spec, size);
    for (const [name, step] of Object.entries(spec.steps))
      functions[accumulateName(name, size)] = {
        inputs: inputsOf(step, size, spec),
        body: (variables, inputs) => {
          const { losses, sums } = sumsOfCall(step, variables, inputs);
          return { outputs: { losses, ...Object.fromEntries(sums.map((sum, b) => [spec.buckets[b]!.name, sum])) } };
        },
      };
  }
  return functions;
}

/**
 * The halves of a step whose sums are added in the graph, by all members of a cluster: `together` leaves the sums over all
 * shards in variables, of level 0, and gives what all tell of their shards, `toldPerShard` numbers beside the loss;
 * `applySums` updates with them.
 */
export function clusterFunctions(
  spec: FunctionSpec,
  { rank, size }: Pick<Cluster, 'rank' | 'size'>,
  toldPerShard: number,
): Record<string, ProgramFunction> {
  const numShards = spec.numShards / size;
  const sumsOfCall = sumsOfBlock(spec, numShards);
  const first = rank * numShards;
  const nameOf = (bucket: Bucket): string => sumName(0, bucket);
  const functions: Record<string, ProgramFunction> = {
    applySums: {
      inputs: scalarInputs(spec.optimizer),
      body: (variables, inputs) => {
        const sums = spec.buckets.map((bucket) => variables[nameOf(bucket)]!);
        return { outputs: {}, ...updated(spec, sums, inputs) };
      },
    },
  };
  Object.entries(spec.steps).forEach(([name, step], form) => {
    functions[togetherName(name)] = {
      inputs: {
        ...inputsOf(step, numShards, spec),
        told: { shape: [toldPerShard * spec.numShards], dtype: 'float32' },
      },
      body: (variables, { told, ...inputs }) => {
        const { losses, sums } = sumsOfCall(step, variables, inputs);
        // Of others' shards: -0 + x has the bits of x, whatever x is.
        const none = (length: number) => (length === 0 ? [] : [tf.fill([length], -0)]);
        const head = tf.concat([...none(first), losses, ...none(spec.numShards - first - numShards), told!]);
        const [all, ...totals] = sumsOverMembers({ rank, size }, [head, ...sums], form * (1 + sums.length));
        const assigns = Object.fromEntries(spec.buckets.map((bucket, b) => [nameOf(bucket), totals[b]!]));
        return { outputs: { all: all! }, assigns };
      },
    };
  });
  return functions;
}

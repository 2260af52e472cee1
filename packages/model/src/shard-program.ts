// A gang member's step in two halves: gradients of its own shards, summed in aligned blocks, and the update once the
// sum of all shards is known. The same arithmetic as the whole step of training-program.ts, to the bit.

import {
  createProgram,
  type Engine,
  type InputSpec,
  type Precision,
  type ProgramFunction,
  type Values,
} from '@calm-orch/engine';
import {
  adamInputs,
  flatUpdate,
  frozenShapesOf,
  frozenOf,
  plainAdam,
  scalarInputs,
  type OptimizerOptions,
} from './adam.ts';
import { halves, shardsOf, sumBlocks, type Block, type BlockSum } from './blocks.ts';
import { shardGradients, sizeOf, treeSum, type Shapes, type TrainingStep } from './shard-gradients.ts';
import type { TrainingState } from './training-program.ts';

export interface ShardProgramSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  /** Blocks of neighbouring shards; the inputs of a step hold these shards and no others. */
  readonly blocks: readonly Block[];
  /** Steps over this many shards. */
  readonly stepsOf: (numShards: number) => Readonly<Record<string, TrainingStep>>;
  /** Shards that one call computes at most. @default all */
  readonly maxShardsPerCall?: number;
  readonly recompute?: boolean;
  readonly precision?: Precision;
  /** @default Adam alone */
  readonly optimizer?: OptimizerOptions;
}

export interface ShardProgram {
  /** Losses of the member's shards, in order, and the sums of their gradients by block. */
  gradients(
    name: string,
    inputs: Readonly<Record<string, Values>>,
  ): { readonly losses: Float32Array; readonly sums: readonly BlockSum[] };
  /** Adam with the summed gradient [P] of step `step` (0-based). */
  apply(gradient: Float32Array, at: { step: number; learningRate: number }): void;
  state(): TrainingState;
  setState(state: TrainingState): void;
  /** Frozen weights by key. */
  setFrozen(values: (key: string) => Float32Array): void;
  dispose(): void;
}

export function createShardProgram(engine: Engine, spec: ShardProgramSpec): ShardProgram {
  const { blocks, maxShardsPerCall = Infinity, optimizer = plainAdam } = spec;
  const total = Object.values(spec.trainable).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const numShards = blocks.reduce((sum, { size }) => sum + size, 0);
  // A call computes one block: on AVX2 three shards together, unlike 1, 2, 4 or 8, were seen to have other bits than alone.
  const calls = blocks.flatMap((block) => halves(block, maxShardsPerCall));
  const nameOf = (numShardsOfCall: number, name: string): string => `blocks_of_${numShardsOfCall}_${name}`;
  const functions: Record<string, ProgramFunction> = {
    apply: {
      inputs: { gradient: { shape: [total], dtype: 'float32' } satisfies InputSpec, ...scalarInputs(optimizer) },
      body: (_, inputs) => ({
        outputs: {},
        updates: [flatUpdate(spec.trainable, optimizer, inputs.gradient!, inputs)],
      }),
    },
  };
  for (const count of new Set(calls.map(({ size }) => size))) {
    const gradients = shardGradients(spec.trainable, count, spec.recompute);
    for (const [name, step] of Object.entries(spec.stepsOf(count)))
      functions[nameOf(count, name)] = {
        inputs: step.inputs,
        body: (variables, inputs) => {
          const { losses, rows } = gradients(variables.weights!, frozenOf(spec.frozen, variables), step, inputs);
          return { outputs: { losses, sum: treeSum(rows) } };
        },
      };
  }
  const program = createProgram(engine, {
    ...(spec.precision && { precision: spec.precision }),
    variables: { weights: [total], m: [total], v: [total], ...frozenShapesOf(spec.frozen) },
    functions,
  });
  return {
    gradients: (name, inputs) => {
      const losses: number[] = [];
      const sums: BlockSum[] = [];
      for (const call of calls) {
        const from = losses.length;
        const result = program.run(nameOf(call.size, name), shardsOf(inputs, from, from + call.size, numShards));
        losses.push(...result.losses!);
        sums.push({ ...call, sum: result.sum! });
      }
      return { losses: Float32Array.from(losses), sums: blocks.map((block) => sumBlocks(sums, block)) };
    },
    apply: (gradient, at) => void program.run('apply', { gradient, ...adamInputs(at, optimizer) }),
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
    setFrozen: (values) => {
      for (const key of Object.keys(spec.frozen)) program.assign(`frozen/${key}`, values(key));
    },
    dispose: () => program.dispose(),
  };
}

// A gang member's step in two halves: gradients of its own shards, summed in aligned blocks, and the update once the
// sum of all shards is known. The same arithmetic as the whole step of training-program.ts, to the bit.

import { CalmError } from '@calm-orch/core';
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
import { flatState, setFlatState } from './flat-state.ts';
import { callsOf, shardsOf, sumBlocks, type Block, type BlockSum } from '../layers/blocks.ts';
import { shardGradients, sizeOf, treeSum, type Shapes, type TrainingStep } from './shard-gradients.ts';
import type { TrainingState } from './training-program.ts';

export interface ShardProgramSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  /** Shards that a call computes, powers of two: each is compiled when it is first used. */
  readonly sizes: readonly number[];
  /** Steps over this many shards. */
  readonly stepsOf: (numShards: number) => Readonly<Record<string, TrainingStep>>;
  readonly recompute?: boolean;
  readonly precision?: Precision;
  /** @default Adam alone */
  readonly optimizer?: OptimizerOptions;
}

export interface ShardProgram {
  readonly sizes: readonly number[];
  /**
   * Losses of the shards of these blocks, neighbours in order, and the sums of their gradients by block; the inputs hold
   * these shards and no others. @throws CalmError `internal` where a block is smaller than all sizes.
   */
  gradients(
    name: string,
    inputs: Readonly<Record<string, Values>>,
    blocks: readonly Block[],
  ): { readonly losses: Float32Array; readonly sums: readonly BlockSum[] };
  /** Adam with the summed gradient [P] of step `step` (0-based); false where that is not finite: nothing has changed. */
  apply(gradient: Float32Array, at: { step: number; learningRate: number }): boolean;
  state(): TrainingState;
  setState(state: TrainingState): void;
  /** Variables of frozen weights, `frozen/KEY`. */
  setFrozen(values: Iterable<readonly [variable: string, values: Float32Array]>): void;
  dispose(): void;
}

export function createShardProgram(engine: Engine, spec: ShardProgramSpec): ShardProgram {
  const { sizes, optimizer = plainAdam } = spec;
  const total = Object.values(spec.trainable).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const nameOf = (numShardsOfCall: number, name: string): string => `blocks_of_${numShardsOfCall}_${name}`;
  const functions: Record<string, ProgramFunction> = {
    apply: {
      inputs: { gradient: { shape: [total], dtype: 'float32' } satisfies InputSpec, ...scalarInputs(optimizer) },
      body: (_, inputs) => ({
        outputs: {},
        ...flatUpdate(spec.trainable, optimizer, inputs.gradient!, inputs),
      }),
    },
  };
  // A call computes one aligned block: on AVX2 three shards together, unlike 1, 2, 4 or 8, were seen to have other bits
  // than alone.
  for (const count of sizes) {
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
    sizes,
    gradients: (name, inputs, blocks) => {
      const calls = callsOf(blocks, sizes);
      if (calls === null) throw new CalmError('internal', `gang: no block can be computed by calls of ${sizes.join()}`);
      const numShards = blocks.reduce((sum, { size }) => sum + size, 0);
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
    apply: (gradient, at) => program.run('apply', { gradient, ...adamInputs(at, optimizer) }).applied![0] === 1,
    state: () => flatState(program),
    setState: (state) => setFlatState(program, state),
    setFrozen: (values) => program.assignAll(values),
    dispose: () => program.dispose(),
  };
}

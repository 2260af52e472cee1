// A gang member's step where the optimizer is partitioned (ZeRO stage 1, Rajbhandari et al. 2020): gradients of its own
// shards for all weights; of the sum over all shards, of the moments and of the update only its own slice. The members'
// updated slices together are the next weights. The same arithmetic as the whole step of training-program.ts, to the bit.
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  createProgram,
  tf,
  type Engine,
  type InputSpec,
  type Precision,
  type ProgramFunction,
  type Values,
} from '@calm-orch/engine';
import { adamInputs, frozenShapesOf, frozenOf, plainAdam, scalarInputs } from './adam.ts';
import { shardsOf, sumWithin, type Block } from '../layers/blocks.ts';
import { shardGradients, sizeOf, treeSum, type Shapes, type TrainingStep } from './shard-gradients.ts';
import { sliceOf, type Slice } from './slices.ts';
import type { TrainingState } from './training-program.ts';

export interface PartitionedSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly numShards: number;
  /** Blocks of shards each member computes, by rank; the inputs of a step hold this member's shards and no others. */
  readonly blocks: readonly (readonly Block[])[];
  readonly rank: number;
  /** Steps over this many shards. */
  readonly stepsOf: (numShards: number) => Readonly<Record<string, TrainingStep>>;
  readonly recompute?: boolean;
  readonly precision?: Precision;
}

/** By rank; nothing at this member's own. */
export type ByRank = ReadonlyMap<number, Float32Array>;

export interface PartitionedProgram {
  readonly slice: Slice;
  /** Losses of the member's shards, in order, and for every other member its slice of the sums of each own block. */
  gradients(
    name: string,
    inputs: Readonly<Record<string, Values>>,
  ): { readonly losses: Float32Array; readonly parts: ByRank };
  /**
   * Adam on the own slice with the others' parts of step `step` (0-based); the updated slice, or null where its gradient
   * is not finite: nothing has changed.
   */
  update(parts: ByRank, at: { step: number; learningRate: number }): Float32Array | null;
  /** Takes the others' updated slices: the step is complete. */
  complete(slices: ByRank): void;
  weights(): Float32Array;
  /** First and second moment of the own slice. */
  moments(): readonly [Float32Array, Float32Array];
  setState(state: TrainingState): void;
  /** Variables of frozen weights, `frozen/KEY`. */
  setFrozen(values: Iterable<readonly [variable: string, values: Float32Array]>): void;
  dispose(): void;
}

/**
 * The sum of two vectors. Not `add` of tensors that are sums themselves: TensorFlow's graph optimizer makes one AddN of
 * such chains, which adds in an order of its own.
 */
const addPair = (a: Tensor, b: Tensor): Tensor => treeSum(tf.stack([a, b]));

export function createPartitionedProgram(engine: Engine, spec: PartitionedSpec): PartitionedProgram {
  const { blocks, rank } = spec;
  const numMembers = blocks.length;
  const own = blocks[rank]!;
  const total = Object.values(spec.trainable).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const slices = blocks.map((_, r) => sliceOf(total, numMembers, r));
  const slice = slices[rank]!;
  const size = slice.end - slice.first;
  const others = blocks.flatMap((_, r) => (r === rank ? [] : [r]));
  const numOwnShards = own.reduce((sum, { size: numShards }) => sum + numShards, 0);
  const float = (length: number): InputSpec => ({ shape: [length], dtype: 'float32' });
  const join = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : tf.concat([...parts]));

  const functions: Record<string, ProgramFunction> = {
    update: {
      inputs: {
        ...Object.fromEntries(blocks.map((list, r) => [`from${r}`, float(list.length * size)])),
        ...scalarInputs(plainAdam),
      },
      body: (_, inputs) => {
        const sums = blocks.flatMap((list, r) => {
          const all = inputs[`from${r}`]!;
          return list.map((block, i) => ({ ...block, sum: list.length === 1 ? all : all.slice([i * size], [size]) }));
        });
        const gradient = sumWithin(sums, { first: 0, size: spec.numShards }, addPair);
        const update = {
          ...{ variable: 'slice', firstMoment: 'm', secondMoment: 'v', gradient },
          ...{ rate: inputs.adamRate!, epsilon: inputs.adamEpsilon! },
        };
        return { outputs: {}, updates: [update], finite: [gradient] };
      },
    },
    complete: {
      inputs: Object.fromEntries(others.map((r) => [`slice${r}`, float(slices[r]!.end - slices[r]!.first)])),
      body: (variables, inputs) => ({
        outputs: {},
        assigns: { weights: join(blocks.map((_, r) => (r === rank ? variables.slice! : inputs[`slice${r}`]!))) },
      }),
    },
  };
  // A call computes one block, as in shard-program.ts.
  const nameOf = (count: number, name: string): string => `blocks_of_${count}_${name}`;
  for (const count of new Set(own.map((block) => block.size))) {
    const gradients = shardGradients(spec.trainable, count, spec.recompute);
    for (const [name, step] of Object.entries(spec.stepsOf(count)))
      functions[nameOf(count, name)] = {
        inputs: step.inputs,
        body: (variables, inputs) => {
          const { losses, rows } = gradients(variables.weights!, frozenOf(spec.frozen, variables), step, inputs);
          const sum = treeSum(rows);
          const parts = slices.map(({ first, end }, r): [string, Tensor] => [
            `part${r}`,
            sum.slice([first], [end - first]),
          ]);
          return { outputs: { losses, ...Object.fromEntries(parts) } };
        },
      };
  }
  const program = createProgram(engine, {
    ...(spec.precision && { precision: spec.precision }),
    variables: {
      ...{ weights: [total], slice: [size], m: [size], v: [size] },
      ...frozenShapesOf(spec.frozen),
    },
    functions,
  });
  /** Of the step under way, by block. */
  let ownPart: Float32Array = new Float32Array(own.length * size);
  const part = (vector: Float32Array): Float32Array => vector.subarray(slice.first, slice.end);
  return {
    slice,
    gradients: (name, inputs) => {
      const losses: number[] = [];
      const results = own.map(({ size: count }) => {
        const from = losses.length;
        const result = program.run(nameOf(count, name), shardsOf(inputs, from, from + count, numOwnShards));
        losses.push(...result.losses!);
        return result;
      });
      const partOf = (r: number): Float32Array => concatenated(results.map((result) => result[`part${r}`]!));
      ownPart = partOf(rank);
      return { losses: Float32Array.from(losses), parts: new Map(others.map((r) => [r, partOf(r)])) };
    },
    update: (parts, at) => {
      const { applied } = program.run('update', {
        ...Object.fromEntries(blocks.map((_, r) => [`from${r}`, r === rank ? ownPart : parts.get(r)!])),
        ...adamInputs(at, plainAdam),
      });
      return applied![0] === 1 ? program.read('slice') : null;
    },
    complete: (received) =>
      void program.run('complete', Object.fromEntries(others.map((r) => [`slice${r}`, received.get(r)!]))),
    weights: () => program.read('weights'),
    moments: () => [...program.readAll(['m', 'v'])] as [Float32Array, Float32Array],
    setState: ({ weights, firstMoment, secondMoment }) => {
      program.assignAll([
        ['weights', weights],
        ['slice', part(weights)],
        ['m', part(firstMoment)],
        ['v', part(secondMoment)],
      ]);
    },
    setFrozen: (values) => program.assignAll(values),
    dispose: () => program.dispose(),
  };
}

function concatenated(vectors: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    all.set(vector, at);
    at += vector.length;
  }
  return all;
}

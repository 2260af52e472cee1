// Weights and Adam's moments of a training step, in and out of the variables of its program: bucket by bucket, so that a
// model need not be in memory twice.
import type { Program } from '@calm-orch/engine';
import type { NamedTensor } from '../checkpoints/safetensors.ts';
import type { Bucket } from './buckets.ts';
import { cut, lazyNumbers, type Numbers } from './numbers.ts';
import { sizeOf, valuesOf, type Shapes, type WeightReader, type Weights } from './shard-gradients.ts';
import type { Slice } from './slices.ts';

/** All weights, and the moments of the step's slice, in the order of the keys; read when they are gone through. */
export interface TrainingState {
  readonly weights: Numbers;
  readonly firstMoment: Numbers;
  readonly secondMoment: Numbers;
}

export interface StepState {
  readonly keys: readonly string[];
  /** Replaces all weights; the moments become zero. */
  setWeights(weights: Weights | WeightReader): void;
  /** One trained weight. */
  weight(key: string): NamedTensor;
  weights(): Weights;
  /** As it is whenever it is gone through: not what it was once a step has been taken. */
  state(): TrainingState;
  /** Takes the state of all slices, and keeps the moments of its own. */
  setState(state: TrainingState): void;
  bucketWeights(bucket: number): Float32Array;
  setBucketWeights(bucket: number, weights: Float32Array): void;
  /** Takes another step's frozen weights. */
  setFrozen(from: Program): void;
}

type Assigns = Generator<readonly [variable: string, values: Float32Array]>;
type Prefix = 'weights' | 'm' | 'v';

/** `own`: buckets of the slice whose moments the step keeps. */
export function createStepState(
  program: Program,
  trainable: Shapes,
  frozen: Shapes,
  buckets: readonly Bucket[],
  own: readonly Bucket[],
): StepState {
  const keys = Object.keys(trainable);
  const frozenNames = Object.keys(frozen).map((key) => `frozen/${key}`);
  const lengthOf = ({ first, end }: Slice): number => end - first;
  const read = (prefix: Prefix, of: readonly Bucket[]): Numbers =>
    lazyNumbers(of.map(lengthOf), (b) => program.read(prefix + of[b]!.name));
  const assigns = function* (prefix: Prefix, of: readonly Bucket[], numbers: Numbers): Assigns {
    let b = 0;
    for (const piece of cut(numbers, buckets.map(lengthOf))) {
      const bucket = buckets[b++]!;
      if (of.includes(bucket)) yield [prefix + bucket.name, piece];
    }
  };
  const named = function* (weights: Weights | WeightReader): Assigns {
    for (const { name, parts } of buckets) {
      const values = parts.map(({ key, first, end }) => valuesOf(weights, key, trainable[key]!).subarray(first, end));
      yield [`weights${name}`, concatenated(values)];
    }
    for (const { name, first, end } of own)
      for (const prefix of ['m', 'v']) yield [prefix + name, new Float32Array(end - first)];
    for (const key of Object.keys(frozen)) yield [`frozen/${key}`, valuesOf(weights, key, frozen[key]!)];
  };
  const weightsOf = (wanted: readonly string[]): Weights => {
    const found = Object.fromEntries(
      wanted.map((key) => [key, { shape: trainable[key]!, values: new Float32Array(sizeOf(trainable[key]!)) }]),
    );
    for (const { name, parts } of buckets.filter((bucket) => bucket.parts.some(({ key }) => key in found))) {
      const values = program.read(`weights${name}`);
      let at = 0;
      for (const { key, first, end } of parts) {
        const size = end - first;
        found[key]?.values.set(values.subarray(at, at + size), first);
        at += size;
      }
    }
    return found;
  };
  return {
    keys,
    setWeights: (weights) => program.assignAll(named(weights)),
    weight: (key) => weightsOf([key])[key]!,
    weights: () => weightsOf(keys),
    state: () => ({ weights: read('weights', buckets), firstMoment: read('m', own), secondMoment: read('v', own) }),
    setState: ({ weights, firstMoment, secondMoment }) => {
      program.assignAll(assigns('weights', buckets, weights));
      program.assignAll(assigns('m', own, firstMoment));
      program.assignAll(assigns('v', own, secondMoment));
    },
    bucketWeights: (bucket) => program.read(`weights${buckets[bucket]!.name}`),
    setBucketWeights: (bucket, weights) => program.assign(`weights${buckets[bucket]!.name}`, weights),
    setFrozen: (from) => {
      let at = 0;
      for (const values of from.readAll(frozenNames)) program.assign(frozenNames[at++]!, values);
    },
  };
}

/** The vectors, one after the other; a single one as it is. */
export function concatenated(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 1) return vectors[0]!;
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    all.set(vector, at);
    at += vector.length;
  }
  return all;
}

import { rng } from '@calm-orch/core';
import { startEngine, type Tensors } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { plainAdam, type OptimizerOptions } from './adam.ts';
import { alignedBlocks } from './blocks.ts';
import { perSample, sumPerShard } from '../layers/layers.ts';
import { NonFiniteStep } from './non-finite-step.ts';
import type { Parameters } from '../layers/parameter.ts';
import { createShardedStep, type ShardedStep } from './sharded-step.ts';
import { numbersOf } from './numbers.ts';
import { snapshot } from './state.test-util.ts';

const engine = await startEngine();
const disposables: { dispose(): void }[] = [];
afterEach(() => disposables.splice(0).forEach((sharded) => sharded.dispose()));

const [batch, numShards, width] = [16, 8, 8];
const trainable = { 'b.weight': [1, width], 'a.weight': [1, width] };
const total = 2 * width;
const loss = ({ get, numShards: shards }: Parameters, { x }: Tensors) => {
  const [a, b] = ['a.weight', 'b.weight'].map((key) => perSample(get(key), x!.shape[0], shards));
  return sumPerShard(a!.mul(x!).add(b!).flatten(), shards);
};
const steps = { fit: { inputs: { x: { shape: [batch, 1, width], dtype: 'float32' as const } }, loss } };
/** The weight that is multiplied by x's last column, which good batches have no values in, is 0 and stays 0. */
const weights = {
  'b.weight': { shape: [1, width], values: new Float32Array(width).fill(0.5) },
  'a.weight': {
    shape: [1, width],
    values: Float32Array.from({ length: width }, (_, i) => (i === width - 1 ? 0 : 0.1 * i)),
  },
};
function batchOf(step: number): Float32Array {
  const draw = rng('non-finite', step);
  return Float32Array.from({ length: batch * width }, (_, i) => (i % width === width - 1 ? 0 : draw.normal()));
}
/** A batch with this value in this column of two samples, of shards 1 and 7. */
function broken(value: number, column: number): Float32Array {
  const x = batchOf(3);
  for (const sample of [2, 15]) x[sample * width + column] = value;
  return x;
}
const bad: [string, Float32Array, number[]][] = [
  ['a loss that is NaN', broken(NaN, 0), [1, 7]],
  ['a loss that is infinite', broken(Infinity, 1), [1, 7]],
  ['an infinite gradient and a finite loss', broken(3e38, width - 1), []],
  ['a gradient whose square, of which the second moment is made, is infinite', broken(1e20, width - 1), []],
];

interface Form {
  readonly eager?: boolean;
  readonly accumulation?: number;
  readonly optimizer?: OptimizerOptions;
}
function make({ eager = false, ...spec }: Form): ShardedStep {
  const sharded = createShardedStep(engine, { trainable, frozen: {}, numShards, steps, ...spec }, { eager });
  disposables.push(sharded);
  sharded.setWeights(weights);
  return sharded;
}
const at = (step: number) => ({ step, learningRate: 0.05 });
function thrownBy(work: () => unknown): NonFiniteStep {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(NonFiniteStep);
    return error as NonFiniteStep;
  }
  throw new Error('nothing was thrown');
}

const clipped: OptimizerOptions = { maxGradientNorm: 0.5, weightDecay: 0.1 };
const forms: [string, Form][] = [
  ['whole', {}],
  ['whole, clipped and decayed', { optimizer: clipped }],
  ['op by op', { eager: true }],
  ['op by op, in two calls', { eager: true, accumulation: 2 }],
  ['in two calls', { accumulation: 2 }],
  ['in eight calls, clipped and decayed', { accumulation: 8, optimizer: clipped }],
];

describe.each(forms)('a step %s', (_, form) => {
  it.each(bad)('with %s changes nothing, and training goes on as without it', (_, x, shards) => {
    const sharded = make(form);
    const other = make(form);
    for (let step = 0; step < 3; step++)
      for (const each of [sharded, other]) each.run('fit', { x: batchOf(step) }, at(step));
    const before = snapshot(sharded.state());
    const error = thrownBy(() => sharded.run('fit', { x }, at(3)));
    // Of calls before the last, whose losses are not finite, the last is not computed.
    expect(error.shards).toEqual(form.accumulation === undefined ? shards : shards.slice(0, 1));
    expect(error.numShards).toBe(numShards);
    expect(snapshot(sharded.state())).toEqual(before);
    expect(sharded.run('fit', { x: batchOf(4) }, at(3))).toBe(other.run('fit', { x: batchOf(4) }, at(3)));
    expect(snapshot(sharded.state())).toEqual(snapshot(other.state()));
    expect(snapshot(sharded.state())).not.toEqual(before);
  });
});

const infinite = Float32Array.from({ length: total }, (_, i) => (i === 3 ? Infinity : 1));
const state = {
  weights: Float32Array.from({ length: total }, (_, i) => i),
  firstMoment: new Float32Array(total).fill(0.5),
  secondMoment: new Float32Array(total).fill(0.25),
};

const asNumbers = {
  weights: numbersOf([state.weights]),
  firstMoment: numbersOf([state.firstMoment]),
  secondMoment: numbersOf([state.secondMoment]),
};

describe.skipIf(engine.node === undefined)('a member of a gang', () => {
  it.each([plainAdam, clipped])('that is told an infinite gradient keeps its state, with %o', (optimizer) => {
    const member = make({ optimizer }).member([4]);
    disposables.push(member);
    member.setState(asNumbers);
    expect(member.apply([infinite], at(0))).toBe(false);
    expect(snapshot(member.state())).toEqual(state);
    expect(member.apply([new Float32Array(total).fill(1)], at(0))).toBe(true);
    expect(snapshot(member.state()).weights).not.toEqual(state.weights);
  });

  it('with a slice of the optimizer keeps that where its gradient is infinite', () => {
    for (const rank of [0, 1]) {
      const member = make({}).member([4], { numMembers: 2, rank });
      disposables.push(member);
      member.setState(asNumbers);
      const { sums } = member.accumulate('fit', { x: batchOf(0) }, alignedBlocks(0, 8));
      const { sum } = sums[rank]![0]!;
      const [first, end] = rank === 0 ? [0, total / 2] : [total / 2, total];
      expect(member.apply([infinite.subarray(first, end)], at(0))).toBe(rank === 1);
      if (rank === 1) continue;
      const { firstMoment, secondMoment } = snapshot(member.state());
      expect([firstMoment, secondMoment]).toEqual([
        state.firstMoment.subarray(first, end),
        state.secondMoment.subarray(first, end),
      ]);
      expect(member.bucketWeights(rank)).toEqual(state.weights.subarray(first, end));
      expect(member.apply([sum], at(0))).toBe(true);
      expect(member.bucketWeights(rank)).not.toEqual(state.weights.subarray(first, end));
    }
  });
});

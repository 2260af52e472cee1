import { rng, shardRange } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { plainAdam, type OptimizerOptions } from './adam.ts';
import { alignedBlocks, shardsOf, sumBlocks } from './blocks.ts';
import { addParameter, layerNorm, perSample, sumPerShard } from '../layers/layers.ts';
import { createShardedStep, type ShardedStep } from './sharded-step.ts';
import { snapshot } from './state.test-util.ts';

const engine = await startEngine();
const made: ShardedStep[] = [];
afterEach(() => made.splice(0).forEach((sharded) => sharded.dispose()));

const shapes = { queries: [3, 8], 'position.weight': [3, 8], 'norm.weight': [8], 'norm.bias': [8] };
const [batch, numShards, numSteps] = [16, 8, 5];

/** Queries and positions through a norm against a target. No products of matrices: what is tested are the sums. */
function make(
  optimizer: OptimizerOptions,
  { eager = false, accumulation = 1, maxBucketBytes = 2 ** 20 } = {},
): ShardedStep {
  const sharded = createShardedStep(
    engine,
    {
      trainable: shapes,
      frozen: {},
      numShards,
      optimizer,
      accumulation,
      maxBucketBytes,
      steps: {
        fit: {
          inputs: { y: { shape: [batch, 3, 8], dtype: 'float32' } },
          loss: ({ get, numShards }, { y }) => {
            const queries = perSample(get('queries'), y!.shape[0], numShards).mul(y!);
            const placed = addParameter(queries, get('position.weight'), numShards);
            const normal = layerNorm(placed, get('norm.weight'), get('norm.bias'), 1e-5, numShards);
            return sumPerShard(normal.sub(y!).square().div(batch).flatten(), numShards);
          },
        },
      },
    },
    { eager },
  );
  made.push(sharded);
  const draw = rng('accumulate', 0);
  const weights = Object.entries(shapes).map(([key, shape]) => [
    key,
    { shape, values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw.normal()) },
  ]);
  sharded.setWeights(Object.fromEntries(weights));
  return sharded;
}

const at = (step: number) => ({ step, learningRate: 0.05 });
function inputsOf(step: number) {
  const draw = rng('accumulate', 1, step);
  return { y: Float32Array.from({ length: batch * 24 }, () => draw.normal()) };
}
function train(sharded: ShardedStep, first = 0): number[] {
  return Array.from({ length: numSteps }, (_, i) => sharded.run('fit', inputsOf(first + i), at(first + i)));
}

const both: OptimizerOptions = { maxGradientNorm: 0.5, weightDecay: 0.1 };

describe('accumulation', () => {
  it.each(engine.node === undefined ? [true] : [false, true])(
    'of 2, 4 or 8 calls a step ends in the bits of one call (eager: %s)',
    (eager) => {
      for (const optimizer of [plainAdam, both]) {
        const whole = make(optimizer, { eager });
        const losses = train(whole);
        expect(losses[0]).not.toBe(losses.at(-1));
        for (const accumulation of [2, 4, 8]) {
          const parts = make(optimizer, { eager, accumulation });
          expect(train(parts), `${accumulation} calls`).toEqual(losses);
          expect(snapshot(parts.state())).toEqual(snapshot(whole.state()));
          expect(parts.weights()).toEqual(whole.weights());
          expect(parts.weight('norm.bias')).toEqual(whole.weight('norm.bias'));
        }
      }
    },
  );

  it('goes on from a saved state, in however many calls it was computed', () => {
    const [one, four] = [make(both), make(both, { accumulation: 4 })];
    train(one);
    four.setState(one.state());
    expect(train(four, numSteps)).toEqual(train(one, numSteps));
    expect(snapshot(four.state())).toEqual(snapshot(one.state()));
    four.setWeights(one.weights());
    expect(snapshot(four.state()).firstMoment.every((m) => m === 0)).toBe(true);
  });

  it('reads weights one at a time where it is given a reader', () => {
    const [one, two] = [make(both), make(both, { accumulation: 2 })];
    train(one);
    const read: string[] = [];
    two.setWeights((key) => {
      read.push(key);
      return one.weight(key);
    });
    expect(read).toEqual(Object.keys(shapes));
    expect(two.weights()).toEqual(one.weights());
  });

  it('must divide the shards of a step', () => {
    for (const accumulation of [3, 16])
      expect(() => make(both, { accumulation })).toThrow(
        `train.accumulation must be a power of two that divides train.stepShards (got ${accumulation} and 8)`,
      );
  });
});

/** Norms together and the others alone; queries and positions, then norms; every parameter alone. */
const bucketSizes = [4 * 16, 4 * 48, 1];

describe.skipIf(engine.node === undefined)('weights in many buckets', () => {
  it.each(bucketSizes)('of %i bytes end in the bits of one', (maxBucketBytes) => {
    const one = make(both);
    const losses = train(one);
    for (const accumulation of [1, 8]) {
      const many = make(both, { accumulation, maxBucketBytes });
      expect(train(many)).toEqual(losses);
      expect(snapshot(many.state())).toEqual(snapshot(one.state()));
      expect(many.weights()).toEqual(one.weights());
      expect(many.weight('norm.weight')).toEqual(one.weight('norm.weight'));
    }
  });

  it.each(bucketSizes)('of %i bytes, each member its slice of them, end in the bits of one', (maxBucketBytes) => {
    const numMembers = 3;
    const one = make(plainAdam);
    const many = make(plainAdam, { maxBucketBytes });
    const members = Array.from({ length: numMembers }, (_, rank) => {
      const { first, end } = shardRange(numShards, numMembers, rank);
      const blocks = alignedBlocks(first, end);
      const sizes = [...new Set(blocks.map(({ size }) => size))];
      const member = many.member(sizes, { numMembers, rank });
      made.push(member);
      member.setState(one.state());
      return { member, blocks, first, end };
    });
    for (let step = 0; step < numSteps; step++) {
      const inputs = inputsOf(step);
      one.run('fit', inputs, at(step));
      const parts = members.map(({ member, blocks, first, end }) =>
        member.accumulate('fit', shardsOf(inputs, first, end, numShards), blocks),
      );
      const { buckets } = members[0]!.member;
      const total = buckets.map(({ first, end }, b) =>
        sumBlocks(
          parts.flatMap(({ sums }) => sums[b]!),
          { first: 0, size: numShards },
          new Float32Array(end - first),
        ),
      );
      members.forEach(({ member }, rank) => {
        const own = total.filter((_, b) => buckets[b]!.rank === rank);
        expect(member.apply(own, at(step))).toBe(true);
      });
      for (const { member } of members)
        buckets.forEach(({ rank }, b) => member.setBucketWeights(b, members[rank]!.member.bucketWeights(b)));
    }
    for (const { member } of members) {
      expect(snapshot(member.state()).weights).toEqual(snapshot(one.state()).weights);
      expect(member.weights()).toEqual(one.weights());
    }
    const moments = members.flatMap(({ member }) => [...snapshot(member.state()).secondMoment]);
    expect(Float32Array.from(moments)).toEqual(snapshot(one.state()).secondMoment);
  });
});

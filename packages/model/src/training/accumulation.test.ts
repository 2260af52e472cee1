import { rng } from '@calm-orch/core';
import { startEngine } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { plainAdam, type OptimizerOptions } from './adam.ts';
import { addParameter, layerNorm, perSample, sumPerShard } from '../layers/layers.ts';
import { createShardedStep, type ShardedStep } from './sharded-step.ts';

const engine = await startEngine();
const programs: ShardedStep[] = [];
afterEach(() => programs.splice(0).forEach((program) => program.dispose()));

const shapes = { queries: [3, 8], 'position.weight': [3, 8], 'norm.weight': [8], 'norm.bias': [8] };
const [batch, numShards, numSteps] = [16, 8, 5];

/** Queries and positions through a norm against a target. No products of matrices: what is tested are the sums. */
function make(optimizer: OptimizerOptions, { eager = false, accumulation = 1 } = {}): ShardedStep {
  const program = createShardedStep(
    engine,
    {
      ...{ trainable: shapes, frozen: {}, numShards, optimizer, accumulation },
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
  programs.push(program);
  const draw = rng('accumulate', 0);
  const weights = Object.entries(shapes).map(([key, shape]) => [
    key,
    { shape, values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw.normal()) },
  ]);
  program.setWeights(Object.fromEntries(weights));
  return program;
}

function train(program: ShardedStep, first = 0): number[] {
  return Array.from({ length: numSteps }, (_, i) => {
    const draw = rng('accumulate', 1, first + i);
    const y = Float32Array.from({ length: batch * 24 }, () => draw.normal());
    return program.run('fit', { y }, { step: first + i, learningRate: 0.05 });
  });
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
          expect(parts.state()).toEqual(whole.state());
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
    expect(four.state()).toEqual(one.state());
    four.setWeights(one.weights());
    expect(four.state().firstMoment.every((m) => m === 0)).toBe(true);
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

// Clipping and decoupled weight decay against PyTorch (fixtures/training-options).
import { readFileSync } from 'node:fs';
import { startEngine, tf } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { decays, type OptimizerOptions } from './adam.ts';
import { clipFactor, squaredNorm } from '../calm/clip.ts';
import { layerNorm, linear } from '../layers/layers.ts';
import { createShardedStep, type ShardedStep } from './sharded-step.ts';
import { snapshot } from './state.test-util.ts';

interface Golden {
  readonly shapes: Readonly<Record<string, number[]>>;
  readonly initial: Readonly<Record<string, number[]>>;
  readonly x: number[];
  readonly y: number[];
  readonly steps: number;
  readonly batch: number;
  readonly rates: number[];
  readonly layerNormEps: number;
  readonly cases: Readonly<
    Record<string, OptimizerOptions & { losses: number[]; norms: number[]; final: Record<string, number[]> }>
  >;
}

const engine = await startEngine();
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/training-options/optimizer.json', import.meta.url), 'utf8'),
) as Golden;
const { shapes, batch, rates } = golden;
const made: ShardedStep[] = [];
afterEach(() => made.splice(0).forEach((sharded) => sharded.dispose()));

function make(optimizer: OptimizerOptions, { eager = false, accumulation = 1, numShards = 4 } = {}): ShardedStep {
  const spec = { trainable: shapes, frozen: {}, numShards, optimizer, accumulation };
  const rows = (size: number) => ({ shape: [batch, size], dtype: 'float32' as const });
  const sharded = createShardedStep(
    engine,
    {
      ...spec,
      steps: {
        fit: {
          inputs: { x: rows(8), y: rows(4) },
          loss: ({ get, numShards }, { x, y }) => {
            const hidden = linear(x!, get('first.weight'), get('first.bias'), numShards);
            const normal = layerNorm(hidden, get('norm.weight'), get('norm.bias'), golden.layerNormEps, numShards);
            const wrong = linear(normal, get('second.weight'), undefined, numShards).sub(y!).square().div(batch);
            return wrong.reshape([numShards, -1]).sum(1);
          },
        },
      },
    },
    { eager },
  );
  made.push(sharded);
  const initial = Object.entries(shapes).map(([key, shape]) => [
    key,
    { shape, values: Float32Array.from(golden.initial[key]!) },
  ]);
  sharded.setWeights(Object.fromEntries(initial));
  return sharded;
}

function train(sharded: ShardedStep): number[] {
  const part = (values: number[], step: number) => {
    const size = values.length / golden.steps;
    return Float32Array.from(values.slice(step * size, (step + 1) * size));
  };
  return rates.map((learningRate, step) =>
    sharded.run('fit', { x: part(golden.x, step), y: part(golden.y, step) }, { step, learningRate }),
  );
}

const modes = engine.node === undefined ? [true] : [false, true];

describe.each(Object.keys(golden.cases))('AdamW as PyTorch does it: %s', (name) => {
  const expected = golden.cases[name]!;
  it.each(modes)('to 1e-5 (eager: %s)', (eager) => {
    const sharded = make(expected, { eager });
    train(sharded).forEach((loss, step) => expect(loss).toBeCloseTo(expected.losses[step]!, 4));
    const weights = sharded.weights();
    for (const [key, values] of Object.entries(expected.final))
      values.forEach((value, i) =>
        expect(Math.abs(weights[key]!.values[i]! - value), `${key} ${i}`).toBeLessThan(1e-5),
      );
  });
});

describe('clipping', () => {
  it('leaves a gradient within the limit as it is, to the bit', () => {
    const plain = make({ maxGradientNorm: null, weightDecay: 0 });
    const wide = make({ maxGradientNorm: 1000, weightDecay: 0 });
    expect(train(wide)).toEqual(train(plain));
    expect(snapshot(wide.state())).toEqual(snapshot(plain.state()));
  });

  it('sums the squares of tensors of any size', () => {
    for (const sizes of [[1], [1023, 1], [1024], [1025, 7], [3_000_000, 5, 2048]]) {
      const [sum, factor] = tf.tidy(() => {
        const tensors = sizes.map((size) => tf.tensor1d(new Float32Array(size).fill(2)));
        return [squaredNorm(tensors).dataSync()[0]!, clipFactor(tensors, 1).dataSync()[0]!];
      });
      const count = sizes.reduce((a, b) => a + b);
      expect(sum).toBe(4 * count);
      expect(factor).toBeCloseTo(1 / Math.sqrt(4 * count), 6);
    }
  });

  it('survives a gradient of zero', () => {
    expect(tf.tidy(() => clipFactor([tf.zeros([5])], 1).dataSync()[0])).toBe(1);
  });
});

it('lets matrices decay, biases and gains not', () => {
  const keys = ['mfam.low.query_tokens', 'llm.model.embed_tokens.weight', 'llm.model.layers.0.mlp.up_proj.weight'];
  const not = ['llm.model.norm.weight', 'llm.model.layers.0.input_layernorm.weight', 'mfam.thematic.bias'];
  const norms = ['mfam.low.qformer.layernorm.weight', 'mfam.low.qformer.encoder.layer.0.output_query.LayerNorm.bias'];
  expect(keys.map(decays)).toEqual(keys.map(() => true));
  expect([...not, ...norms].map(decays)).toEqual([...not, ...norms].map(() => false));
});

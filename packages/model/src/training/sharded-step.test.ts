import { CalmError, rng, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import { startEngine, tf, type Tensors, type Values } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { answerLogits, answerLossPerShard } from '../calm/calm.ts';
import { fanInDeviation, initialWeights } from '../layers/initialize.ts';
import { linear } from '../layers/layers.ts';
import { llmShapes } from '../layers/llama.ts';
import { mfamShapes, mfamTokens } from '../calm/mfam.ts';
import type { Parameters } from '../layers/parameter.ts';
import { sumOfLosses, treeSum, unflatten } from './shard-gradients.ts';
import { createShardedStep, type ShardedStep, type ShardedStepSpec } from './sharded-step.ts';
import { snapshot } from './state.test-util.ts';

const engine = await startEngine();
const made: ShardedStep[] = [];
afterEach(() => made.splice(0).forEach((sharded) => sharded.dispose()));

function make(spec: ShardedStepSpec, options: { eager?: boolean } = {}): ShardedStep {
  const sharded = createShardedStep(engine, spec, options);
  made.push(sharded);
  return sharded;
}

const pooled = { resampler: 'pooling', projector: 'mlp2x_gelu', projectorSize: 24 } as const;

describe.each<[number, string, Partial<MfamConfig>]>([
  [1, 'Q-Formers', {}],
  [3, 'Q-Formers', {}],
  [4, 'Q-Formers', {}],
  [1, 'pooling', pooled],
  [3, 'pooling', pooled],
  [4, 'pooling', pooled],
])('shards of %i samples, %s', (samplesPerShard, _, change) => {
  const mfam: MfamConfig = {
    levels: ['thematic', 'high', 'middle', 'low'],
    taps: { low: 0, middle: 1, high: 2, thematic: 2 },
    queries: 3,
    hiddenSize: 8,
    numHeads: 2,
    numLayers: 2,
    mlpSize: 16,
    crossAttentionFrequency: 2,
    layerNormEps: 1e-12,
    activation: 'gelu',
    projector: 'linear',
    projectorSize: null,
    resampler: 'qformer',
    seesCls: true,
    standardizeTaps: false,
    initializer: 'fan_in',
    ...change,
  };
  const llm: LlmConfig = {
    hiddenSize: 16,
    numLayers: 2,
    numHeads: 4,
    numKeyValueHeads: 2,
    mlpSize: 24,
    vocabSize: 16,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 64,
  };
  const shapes = { ...mfamShapes(mfam, { tokens: 5, width: 16 }, llm), ...llmShapes(llm) };
  const total = 8;
  // Widths are multiples of 8, as the shards' rows must fill whole vector registers (docs/numerics.md).
  const inputsFor = (samples: number) => ({
    ...Object.fromEntries(mfam.levels.map((level) => [level, { shape: [samples, 5, 16], dtype: 'float32' as const }])),
    prefix: { shape: [samples, 1], dtype: 'int32' as const },
    suffix: { shape: [samples, 3], dtype: 'int32' as const },
    answer: { shape: [samples, 4], dtype: 'int32' as const },
    weights: { shape: [samples, 4], dtype: 'float32' as const },
  });
  const stepOf = (numShards: number): ShardedStep => {
    const loss = (parameters: Parameters, inputs: Tensors) => {
      const { prefix, suffix, answer, weights, ...visual } = inputs as Record<string, Tensors[string]>;
      const images = [mfamTokens(parameters, mfam, visual)];
      const text = { prefix: prefix!, suffix: suffix!, answer: answer! };
      const logits = answerLogits(parameters, { llm, mfam }, images, text);
      return answerLossPerShard(logits, answer!, weights!, numShards);
    };
    const sharded = make({
      trainable: shapes,
      frozen: {},
      numShards,
      blockSizes: [numShards],
      steps: { all: { inputs: inputsFor(numShards * samplesPerShard), loss } },
    });
    sharded.setWeights(initialWeights(shapes, 0, fanInDeviation));
    return sharded;
  };
  const draw = rng('shards', 0);
  const batch = Object.fromEntries(
    Object.entries(inputsFor(total * samplesPerShard)).map(([name, { shape, dtype }]): [string, Values] => {
      const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
        dtype === 'int32' ? draw.int(llm.vocabSize) : name === 'weights' ? draw.int(3) / 100 : draw.normal(),
      );
      return [name, dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)];
    }),
  );
  /** The inputs of shards first..last-1. */
  const part = (first: number, last: number): Record<string, Values> =>
    Object.fromEntries(
      Object.entries(batch).map(([name, values]) => {
        const size = values.length / total;
        return [name, values.slice(first * size, last * size)];
      }),
    );
  const add = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]!);
  const inPairs = (parts: readonly Float32Array[]): Float32Array =>
    parts.length === 1
      ? parts[0]!
      : inPairs(Array.from({ length: parts.length / 2 }, (_, i) => add(parts[2 * i]!, parts[2 * i + 1]!)));

  it.skipIf(engine.node === undefined)(
    'computed alone, in pairs, in fours or all in one step sum up to the same gradient, bit for bit',
    () => {
      const whole = stepOf(total).gradient('all', batch);
      expect(whole.gradient.some((g) => g !== 0)).toBe(true);
      for (const numShards of [1, 2, 4]) {
        const sharded = stepOf(numShards);
        const parts = Array.from({ length: total / numShards }, (_, i) =>
          sharded.gradient('all', part(i * numShards, (i + 1) * numShards)),
        );
        expect(sumOfLosses(parts.map(({ loss }) => loss))).toBe(whole.loss);
        const sum = inPairs(parts.map(({ gradient }) => gradient));
        const different = sum.filter((g, i) => g !== whole.gradient[i]).length;
        expect(different, `numbers that differ with ${numShards} shards in a step`).toBe(0);
        const parameters = unflatten(sum, shapes);
        // Every parameter is reached: one that were not would agree trivially.
        for (const [key, { values }] of Object.entries(parameters))
          expect(
            values.some((g) => g !== 0),
            key,
          ).toBe(true);
      }
    },
  );
});

describe('treeSum', () => {
  it('adds neighbours, then neighbours of the sums', () => {
    const rows = [
      [2 ** 26, 1],
      [1, 1],
      [-(2 ** 26), 1],
      [1, 1],
    ];
    const sum = tf.tidy(() => [...treeSum(tf.tensor2d(rows)).dataSync()]);
    // In order from the left it would be 1.
    expect(sum).toEqual([0, 4]);
    expect(tf.tidy(() => [...treeSum(tf.tensor2d([[3, 4]])).dataSync()])).toEqual([3, 4]);
  });
});

describe('a training step', () => {
  /** y = x W' + b against a target, W frozen or not. */
  const line = (parts: Pick<ShardedStepSpec, 'trainable' | 'frozen'>, numShards = 2): ShardedStepSpec => {
    const loss = (names: readonly [string, string]) => (parameters: Parameters, inputs: Tensors) =>
      linear(inputs.x!, parameters.get(names[0]), parameters.get(names[1]), parameters.numShards)
        .sub(inputs.y!)
        .square()
        .sum()
        .div(4);
    const inputs = { x: { shape: [4, 3], dtype: 'float32' as const }, y: { shape: [4, 2], dtype: 'float32' as const } };
    return {
      ...parts,
      numShards,
      blockSizes: [numShards],
      steps: { fit: { inputs, loss: loss(['w', 'b']) }, other: { inputs, loss: loss(['w', 'c']) } },
    };
  };
  const values = (size: number, phase: number) =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(7 * i + phase));
  const weights = {
    w: { shape: [2, 3], values: values(6, 1) },
    b: { shape: [2], values: values(2, 2) },
    c: { shape: [2], values: values(2, 3) },
  };
  const batch = { x: values(12, 4), y: values(8, 5) };
  const at = (step: number) => ({ step, learningRate: 0.05 });
  // A step asks for the gradient of every trained weight, so a form that leaves one out has a step of its own.
  const fit = { trainable: { w: [2, 3], b: [2] }, frozen: {} };
  const only = (name: 'fit' | 'other', spec: ShardedStepSpec): ShardedStepSpec => ({
    ...spec,
    steps: { [name]: spec.steps[name]! },
  });

  it('brings the loss down and agrees with its eager twin', () => {
    const spec = only('fit', line(fit));
    const [compiled, eager] = [make(spec), make(spec, { eager: true })];
    const losses = [compiled, eager].map((sharded) => {
      sharded.setWeights(weights);
      return Array.from({ length: 40 }, (_, step) => sharded.run('fit', batch, at(step)));
    });
    expect(losses[0]!.at(-1)).toBeLessThan(losses[0]![0]! / 4);
    losses[0]!.forEach((loss, step) => expect(loss).toBeCloseTo(losses[1]![step]!, 4));
  });

  it('leaves the weights alone when asked for a gradient, which is that of the loss', () => {
    const sharded = make(only('fit', line(fit)));
    sharded.setWeights(weights);
    const { loss, gradient } = sharded.gradient('fit', batch);
    expect(sharded.weights()).toEqual({ w: weights.w, b: weights.b });
    const epsilon = 1e-2;
    sharded.keys.forEach((key, k) => {
      const nudged = structuredClone({ w: weights.w, b: weights.b }) as Record<string, typeof weights.w>;
      nudged[key]!.values[1]! += epsilon;
      sharded.setWeights(nudged);
      const slope = (sharded.gradient('fit', batch).loss - loss) / epsilon;
      expect(slope).toBeCloseTo(gradient[k * 6 + 1]!, 1);
    });
  });

  it('goes on from a saved state exactly as if it had never stopped', () => {
    const spec = only('fit', line(fit));
    const [one, two] = [make(spec), make(spec)];
    one.setWeights(weights);
    for (let step = 0; step < 3; step++) one.run('fit', batch, at(step));
    two.setState(one.state());
    for (let step = 3; step < 6; step++) for (const sharded of [one, two]) sharded.run('fit', batch, at(step));
    expect(snapshot(two.state())).toEqual(snapshot(one.state()));
    expect(snapshot(one.state()).firstMoment.some((m) => m !== 0)).toBe(true);
    one.setWeights(weights);
    expect(snapshot(one.state()).firstMoment).toEqual(new Float32Array(8));
    expect(snapshot(one.state()).secondMoment).toEqual(new Float32Array(8));
  });

  it('trains with frozen weights without changing them', () => {
    const sharded = make(only('fit', line({ trainable: { b: [2] }, frozen: { w: [2, 3] } })));
    sharded.setWeights(weights);
    const before = sharded.run('fit', batch, at(0));
    expect(sharded.run('fit', batch, at(1))).toBeLessThan(before);
    expect(Object.keys(sharded.weights())).toEqual(['b']);
    expect(sharded.program.read('frozen/w')).toEqual(weights.w.values);
  });

  it('says what is wrong with its weights, its shards and its parameters', () => {
    const sharded = make(only('fit', line(fit)));
    expect(() => sharded.setWeights({ w: weights.w })).toThrow('weights b: expected 2, got none');
    expect(() => sharded.setWeights({ w: weights.w, b: { shape: [3], values: values(3, 0) } })).toThrow(
      'weights b: expected 2, got 3',
    );
    expect(() => make(only('fit', line(fit, 3)))).toThrow(
      'train.stepShards must be a power of two (got 3); try 4 or 8',
    );
    expect(() => make(only('fit', line(fit, 3)))).toThrow(CalmError);
    expect(() => make(only('other', line(fit)))).toThrow(
      'the training step reads c, which is neither trained nor frozen',
    );
  });
});

describe('unflatten', () => {
  it('is the order of the shapes', () => {
    const named = unflatten(Float32Array.of(1, 2, 3, 4), { b: [1, 2], a: [2] });
    expect(named).toEqual({
      b: { shape: [1, 2], values: Float32Array.of(1, 2) },
      a: { shape: [2], values: Float32Array.of(3, 4) },
    });
  });
});

import type { Tensor } from '@tensorflow/tfjs-core';
import { levels, rng, type Level, type LlmConfig, type MfamConfig, type VisionConfig } from '@calm-orch/core';
import { startEngine, tf } from '@calm-orch/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerLogits, answerLoss } from './calm.ts';
import { initialWeights } from '../layers/initialize.ts';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from '../layers/llama.ts';
import { mfamShapes, mfamTokens } from './mfam.ts';
import { frozenParameters, type Parameters } from '../layers/parameter.ts';
import type { Shapes } from '../training/shard-gradients.ts';
import { hiddenStates, visionShapes } from '../layers/vision.ts';

await startEngine();
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const statesSize = { tokens: 5, width: 10 };
const baseMfam: MfamConfig = {
  levels: [...levels],
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
  queries: 3,
  hiddenSize: 8,
  numHeads: 2,
  numLayers: 3,
  mlpSize: 12,
  crossAttentionFrequency: 1,
  layerNormEps: 1e-12,
  activation: 'gelu',
  projector: 'linear',
  projectorSize: null,
  resampler: 'qformer',
  seesCls: true,
  standardizeTaps: false,
  initializer: 'fan_in',
};
const baseLlm: LlmConfig = {
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 4,
  mlpSize: 20,
  vocabSize: 23,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  maxPositions: 64,
};
const baseVision: VisionConfig = {
  imageSize: 12,
  patchSize: 4,
  hiddenSize: 8,
  numLayers: 3,
  numHeads: 2,
  mlpSize: 16,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};

const random = (name: string, ...shape: number[]): Tensor => {
  const draw = rng('calm', name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.normal()),
    shape,
  );
};
const ids = (...rows: number[][]): Tensor => tf.tensor2d(rows, [rows.length, rows[0]!.length], 'int32');

/** Frozen parameters of the shapes, and which of them were read. */
function parametersOf(shapes: Shapes): { parameters: Parameters; read: Set<string> } {
  const deviation = () => 0.2;
  const tensors = Object.entries(initialWeights(shapes, 1, deviation)).map(([key, { shape, values }]) => [
    key,
    tf.tensor(values, [...shape]),
  ]);
  const all = frozenParameters(Object.fromEntries(tensors) as Record<string, Tensor>);
  const read = new Set<string>();
  const get = (name: string) => {
    read.add(name);
    return all.get(name);
  };
  return { parameters: { ...all, get }, read };
}
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().dataSync()[0]!;

describe('the MFAM', () => {
  const visual = (mfam: MfamConfig): Partial<Record<Level, Tensor>> =>
    Object.fromEntries(mfam.levels.map((level) => [level, random(level, 2, statesSize.tokens, statesSize.width)]));
  const tokensOf = (change: Partial<MfamConfig>) => {
    const mfam = { ...baseMfam, ...change };
    const shapes = mfamShapes(mfam, statesSize, baseLlm);
    const { parameters, read } = parametersOf(shapes);
    return { tokens: mfamTokens(parameters, mfam, visual(mfam)), shapes, read };
  };

  it('gives every level its tokens, all of them finite, and reads exactly the parameters it declares', () => {
    const changes: Partial<MfamConfig>[] = [
      {},
      { crossAttentionFrequency: 2 },
      { crossAttentionFrequency: 3, numLayers: 4, numHeads: 4 },
      { crossAttentionFrequency: 9, activation: 'quick_gelu', queries: 7 },
      { levels: ['thematic'] },
      { levels: ['low', 'high'], seesCls: false, numLayers: 1 },
      { levels: ['thematic'], projector: 'mlp2x_gelu', projectorSize: 24 },
      { resampler: 'pooling' },
      { resampler: 'pooling', seesCls: false, queries: 7 },
    ];
    for (const change of changes) {
      const { tokens, shapes, read } = tokensOf(change);
      expect(Object.keys(tokens)).toEqual(change.levels ?? baseMfam.levels);
      for (const [level, t] of Object.entries(tokens)) {
        expect(t.shape).toEqual([2, level === 'thematic' ? 4 : (change.queries ?? 3), baseLlm.hiddenSize]);
        expect(t.isFinite().all().dataSync()[0]).toBe(1);
      }
      expect([...read].sort()).toEqual(Object.keys(shapes).sort());
    }
  });

  it('cross-attends in every n-th layer from the first on', () => {
    const layersOf = (crossAttentionFrequency: number, numLayers: number): string[] =>
      Object.keys(tokensOf({ levels: ['low'], crossAttentionFrequency, numLayers }).shapes).flatMap(
        (key) => /layer\.(\d)\.crossattention\.output\.dense\.weight/.exec(key)?.[1] ?? [],
      );
    expect(layersOf(1, 3)).toEqual(['0', '1', '2']);
    expect(layersOf(2, 3)).toEqual(['0', '2']);
    expect(layersOf(3, 3)).toEqual(['0']);
  });

  it('hides the CLS token where it is told to, and always from the thematic level', () => {
    const cases = [true, false].flatMap((seesCls) =>
      (['qformer', 'pooling'] as const).map((resampler) => ({ seesCls, resampler })),
    );
    for (const { seesCls, resampler } of cases) {
      const mfam = { ...baseMfam, levels: ['thematic', 'low'] as Level[], seesCls, resampler };
      const { parameters } = parametersOf(mfamShapes(mfam, statesSize, baseLlm));
      const states = visual(mfam);
      const otherCls = (x: Tensor): Tensor =>
        tf.concat([random('cls', 2, 1, statesSize.width), x.slice([0, 1], [2, 4])], 1);
      const changed = Object.fromEntries(Object.entries(states).map(([level, x]) => [level, otherCls(x)]));
      const [before, after] = [states, changed].map((s) => mfamTokens(parameters, mfam, s));
      expect(difference(before!.thematic!, after!.thematic!)).toBe(0);
      const moved = difference(before!.low!, after!.low!);
      if (seesCls) expect(moved).toBeGreaterThan(1e-4);
      else expect(moved).toBe(0);
    }
  });
});

describe('the language model', () => {
  it('runs with key and value heads for each query head, for groups of them, and for all together', () => {
    for (const numKeyValueHeads of [4, 2, 1]) {
      const llm = { ...baseLlm, numKeyValueHeads };
      const shapes = llmShapes(llm);
      expect(shapes['llm.model.layers.0.self_attn.k_proj.weight']).toEqual([4 * numKeyValueHeads, 16]);
      const { parameters, read } = parametersOf(shapes);
      const hidden = llamaHidden(parameters, llm, embedTokens(parameters, ids([1, 7, 3, 22, 5], [1, 8, 9, 4, 0])));
      const logits = logitsOf(parameters, llm, hidden);
      expect(logits.shape).toEqual([2, 5, 23]);
      expect(logits.isFinite().all().dataSync()[0]).toBe(1);
      expect([...read].sort()).toEqual(Object.keys(shapes).sort());
    }
  });

  it('sees only what precedes a position', () => {
    const { parameters } = parametersOf(llmShapes(baseLlm));
    const run = (row: number[]): Tensor => llamaHidden(parameters, baseLlm, embedTokens(parameters, ids(row)));
    const [one, two] = [run([1, 7, 3, 22, 5]), run([1, 7, 3, 9, 11])];
    expect(difference(one.slice([0, 0], [1, 3]), two.slice([0, 0], [1, 3]))).toBe(0);
    expect(difference(one.slice([0, 3], [1, 1]), two.slice([0, 3], [1, 1]))).toBeGreaterThan(1e-3);
  });

  it('gives the last positions alone as it gives them among all, in groups of heads too', () => {
    for (const numKeyValueHeads of [4, 2]) {
      const llm = { ...baseLlm, numKeyValueHeads };
      const { parameters } = parametersOf(llmShapes(llm));
      const words = embedTokens(parameters, ids([1, 7, 3, 22, 5, 6], [4, 4, 2, 1, 0, 3]));
      const all = llamaHidden(parameters, llm, words);
      const last = llamaHidden(parameters, llm, words, 2);
      expect(last.shape).toEqual([2, 2, 16]);
      expect(difference(all.slice([0, 4], [2, 2]), last)).toBeLessThan(1e-5);
    }
  });

  it('tells positions apart', () => {
    const { parameters } = parametersOf(llmShapes(baseLlm));
    const run = (row: number[]): Tensor => llamaHidden(parameters, baseLlm, embedTokens(parameters, ids(row)));
    const last = (x: Tensor): Tensor => x.slice([0, 3], [1, 1]);
    expect(difference(last(run([7, 3, 3, 5])), last(run([3, 7, 3, 5])))).toBeGreaterThan(1e-3);
  });

  it('says which weights it lacks', () => {
    expect(() => frozenParameters({}).get('llm.model.norm.weight')).toThrow('no weights for parameter llm.model.norm');
  });
});

describe('an answer', () => {
  const config = { llm: baseLlm, mfam: { levels: baseMfam.levels } };
  const image = () => ({ low: random('low', 1, 3, 16), thematic: random('thematic', 1, 4, 16) });
  const text = { prefix: [[1, 5]], suffix: [[9, 8, 7]], answer: [[3, 4, 2]] };
  const run = (change: Partial<typeof text>, images = [image()], suffixed = true): Tensor => {
    const { parameters } = parametersOf(llmShapes(baseLlm));
    const { prefix, suffix, answer } = { ...text, ...change };
    return answerLogits(parameters, config, images, {
      prefix: ids(...prefix),
      ...(suffixed && { suffix: ids(...suffix) }),
      answer: ids(...answer),
    });
  };

  it('is predicted from prefix, pictures, suffix and the answer so far, not from what comes', () => {
    const logits = run({});
    expect(logits.shape).toEqual([1, 3, 23]);
    const otherEnd = run({ answer: [[3, 4, 11]] });
    expect(difference(logits, otherEnd)).toBe(0);
    const otherStart = run({ answer: [[12, 4, 2]] });
    expect(difference(logits.slice([0, 0], [1, 1]), otherStart.slice([0, 0], [1, 1]))).toBe(0);
    expect(difference(logits.slice([0, 1], [1, 1]), otherStart.slice([0, 1], [1, 1]))).toBeGreaterThan(1e-4);
    for (const other of [run({ prefix: [[1, 6]] }), run({ suffix: [[9, 8, 6]] })])
      expect(difference(logits, other)).toBeGreaterThan(1e-4);
  });

  it('reads pictures in their order and their levels in one order, whatever order they are given in', () => {
    const [a, b] = [image(), { low: random('low b', 1, 3, 16), thematic: random('thematic b', 1, 4, 16) }];
    expect(difference(run({}, [a, b]), run({}, [b, a]))).toBeGreaterThan(1e-4);
    const turned = { thematic: a.thematic, low: a.low };
    expect(difference(run({}, [a]), run({}, [turned]))).toBe(0);
  });

  it('needs no suffix', () => {
    expect(run({}, [image()], false).shape).toEqual([1, 3, 23]);
    expect(difference(run({}, [image()], false), run({}))).toBeGreaterThan(1e-4);
  });

  it('costs the weighted sum over its tokens, padding being free', () => {
    const logits = random('logits', 1, 3, 23);
    const loss = (answer: number[], weights: number[]): number =>
      answerLoss(logits, ids(answer), tf.tensor2d([weights])).dataSync()[0]!;
    const each = [0, 1, 2].map((i) =>
      loss(
        [3, 4, 2],
        [0, 1, 2].map((j) => Number(i === j)),
      ),
    );
    expect(loss([3, 4, 2], [0.5, 0.25, 0])).toBeCloseTo(0.5 * each[0]! + 0.25 * each[1]!, 5);
    expect(loss([3, 4, 9], [0.5, 0.25, 0])).toBeCloseTo(loss([3, 4, 2], [0.5, 0.25, 0]), 6);
    const row = [...logits.slice([0, 0], [1, 1]).dataSync()];
    expect(each[0]).toBeCloseTo(Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[3]!, 5);
  });
});

describe('the vision tower', () => {
  it('gives one hidden state more than it has layers, each with a token per patch and CLS first', () => {
    const shapes = visionShapes(baseVision);
    const { parameters, read } = parametersOf(shapes);
    const pixels = random('pixels', 2, 3, 12, 12);
    const states = hiddenStates(parameters, baseVision, pixels);
    expect(states.map(({ shape }) => shape)).toEqual(Array.from({ length: 4 }, () => [2, 10, 8]));
    expect([...read].sort()).toEqual(Object.keys(shapes).sort());
    const first = hiddenStates(parameters, baseVision, pixels, 1);
    expect(first).toHaveLength(2);
    expect(difference(first[1]!, states[1]!)).toBe(0);
  });

  it('puts the patch of a row and a column at its place', () => {
    const { parameters } = parametersOf(visionShapes(baseVision));
    const black = tf.zeros([1, 3, 12, 12]);
    // One bright pixel in the second row of patches, third column: patch 1 * 3 + 2, behind CLS.
    const bright = tf.buffer([1, 3, 12, 12]);
    bright.set(5, 0, 1, 6, 9);
    const [a, b] = [black, bright.toTensor()].map((x) => hiddenStates(parameters, baseVision, x, 0)[0]!);
    const moved = [...a!.sub(b!).abs().max(-1).dataSync()].map((x) => x > 0);
    expect(moved.flatMap((yes, token) => (yes ? [token] : []))).toEqual([1 + 1 * 3 + 2]);
  });
});

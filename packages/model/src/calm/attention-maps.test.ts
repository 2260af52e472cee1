// What a Q-Former attends to, beside its formula; and that looking changes no bit of what it gives.
import type { Tensor } from '@tensorflow/tfjs-core';
import { rng, type LlmConfig, type MfamConfig, type QFormerLevel } from '@calm-orch/core';
import { startEngine, tf } from '@calm-orch/engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { initialWeights } from '../layers/initialize.ts';
import { attention } from '../layers/attention.ts';
import { attentionMaps, attentionProbabilities } from './attention-maps.ts';
import { mfamShapes, qformerTokens } from './mfam.ts';
import { memoryTaps } from './taps.ts';
import { tokensOf, type TokensOf } from './tokens.test-util.ts';

const engine = await startEngine();
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const [tokens, width, heads, hidden] = [10, 6, 2, 8];
const mfam: MfamConfig = {
  levels: ['thematic', 'high', 'low'],
  taps: { low: 1, middle: 1, high: 2, thematic: 2 },
  queries: 3,
  hiddenSize: hidden,
  numHeads: heads,
  numLayers: 3,
  mlpSize: 12,
  crossAttentionFrequency: 2,
  layerNormEps: 1e-12,
  activation: 'gelu',
  projector: 'linear',
  projectorSize: null,
  resampler: 'qformer',
  seesCls: true,
  standardizeTaps: false,
  initializer: 'fan_in',
};
const llm = { hiddenSize: 16 } as LlmConfig;
const weightsOf = (config: MfamConfig) => initialWeights(mfamShapes(config, { tokens, width }, llm), 0, () => 0.6);
const normal = (name: string, size: number): Float32Array => {
  const draw = rng('attention maps', name);
  return Float32Array.from({ length: size }, () => draw.normal());
};
const layers = [1, 2];
/** Of two photographs. */
const states = new Map(layers.map((layer) => [layer, normal(`states ${layer}`, 2 * tokens * width)]));
const taps = memoryTaps(['one', 'two'], tokens, width, states);
const mapsOf = (config: MfamConfig, of = taps, row = 1) =>
  attentionMaps(engine, { mfam: config, llm, weights: weightsOf(config), taps: of }, row);

/** [heads][T] -> [T]: softmax(Q K' / sqrt(d)) by head and query, averaged. Of one layer, which has cross-attention. */
function formula(config: MfamConfig, level: QFormerLevel, seen: Tensor): number[] {
  const weights = weightsOf(config);
  const of = (key: string): Tensor => {
    const { values, shape } = weights[`mfam.${level}.${key}`]!;
    return tf.tensor(values, [...shape]);
  };
  const layer = 'qformer.encoder.layer.0';
  const dense = (x: Tensor, key: string) => tf.matMul(x, of(`${key}.weight`), false, true).add(of(`${key}.bias`));
  const normed = (x: Tensor, key: string) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return x
      .sub(mean)
      .div(variance.add(config.layerNormEps).sqrt())
      .mul(of(`${key}.weight`))
      .add(of(`${key}.bias`));
  };
  const headsOf = (x: Tensor) => tf.split(x, heads, -1);
  const shares = (q: Tensor, k: Tensor) =>
    tf
      .matMul(q, k, false, true)
      .div(Math.sqrt(hidden / heads))
      .softmax();
  const start = normed(of('query_tokens').squeeze([0]), 'qformer.layernorm');
  const [q, k, v] = ['query', 'key', 'value'].map((name) =>
    headsOf(dense(start, `${layer}.attention.attention.${name}`)),
  );
  const own = tf.concat(
    q!.map((query, h) => tf.matMul(shares(query, k![h]!), v![h]!)),
    -1,
  );
  const x = normed(start.add(dense(own, `${layer}.attention.output.dense`)), `${layer}.attention.output.LayerNorm`);
  const [cross, keys] = [
    dense(x, `${layer}.crossattention.attention.query`),
    dense(seen, `${layer}.crossattention.attention.key`),
  ];
  const all = headsOf(cross).map((query, h) => shares(query, headsOf(keys)[h]!).mean(0));
  return [...tf.stack(all).mean(0).dataSync()];
}

const seenBy = (layer: number, row: number): Tensor => tf.tensor(taps.read(row, layer), [tokens, width]);

it.each([true, false])(
  'is the softmax of the last cross-attention, over heads and queries; CLS seen: %s',
  async (seesCls) => {
    const config = { ...mfam, numLayers: 1, seesCls };
    const maps = await mapsOf(config);
    expect(maps.map(({ level, tap, side }) => [level, tap, side])).toEqual([
      ['high', 2, 3],
      ['low', 1, 3],
    ]);
    for (const { level, tap, patches, cls } of maps) {
      const seen = seenBy(tap, 1);
      const expected = formula(config, level, seesCls ? seen : seen.slice([1, 0]));
      const got = cls === null ? patches : [cls, ...patches];
      expect(got).toEqual(expected.map((share) => expect.closeTo(share, 5)));
      expect(got.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    }
  },
);

it('is of the last layer that has cross-attention, and even where all patches are alike', async () => {
  const alike = memoryTaps(
    ['one'],
    tokens,
    width,
    new Map(layers.map((layer) => [layer, new Float32Array(tokens * width).fill(0.3)])),
  );
  for (const { patches, cls } of await mapsOf(mfam, alike, 0))
    for (const share of [cls, ...patches]) expect(share).toBeCloseTo(1 / tokens, 6);
  const seen: number[] = [];
  const watched: TokensOf = (parameters, x) => qformerTokens(parameters, mfam, 'low', x, (layer) => seen.push(layer));
  tokensOf(engine, weightsOf(mfam), { shape: [1, tokens, width], values: taps.read(0, 1) }, watched);
  expect([...new Set(seen)]).toEqual([0, 2]);
});

it('gives, times the values, what attention gives; and watching changes no bit of the tokens', () => {
  const tensor = (name: string, rows: number) => tf.tensor(normal(name, 2 * rows * hidden), [2, rows, hidden]);
  const [q, k, v] = [tensor('q', 3), tensor('k', tokens), tensor('v', tokens)];
  const values = v.reshape([2, tokens, heads, hidden / heads]).transpose([0, 2, 1, 3]);
  const mixed = tf
    .matMul(attentionProbabilities(q, k, heads), values)
    .transpose([0, 2, 1, 3])
    .reshape([2, 3, hidden]);
  expect([...mixed.dataSync()]).toEqual([...attention(q, k, v, heads).dataSync()].map((x) => expect.closeTo(x, 5)));

  const input = { shape: [2, tokens, width], values: states.get(1)! };
  const make = (isWatched: boolean) =>
    tokensOf(engine, weightsOf(mfam), input, (parameters, x) =>
      qformerTokens(
        parameters,
        mfam,
        'low',
        x,
        isWatched ? (_, own, keys) => void attentionProbabilities(own, keys, heads) : undefined,
      ),
    );
  expect(make(true)).toEqual(make(false));
});

it('is nothing of levels without a Q-Former, and leaves no tensor behind', async () => {
  expect(await mapsOf({ ...mfam, levels: ['thematic'] })).toEqual([]);
  expect(await mapsOf({ ...mfam, resampler: 'pooling' })).toEqual([]);
  const before = tf.memory().numTensors;
  await mapsOf(mfam);
  expect(tf.memory().numTensors).toBe(before);
});

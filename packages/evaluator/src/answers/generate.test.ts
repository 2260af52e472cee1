import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nano, rng, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import { startEngine, tf } from '@calm-orch/engine';
import {
  answerLogits,
  createWordTokenizer,
  frozenParameters,
  initialWeights,
  llmShapes,
  mfamShapes,
  mfamTokens,
  openTaps,
  writeTapsPart,
  type Generated,
  type Taps,
  type Weights,
} from '@calm-orch/model';
import { afterAll, describe, expect, it } from 'vitest';
import { createGenerator } from './generate.ts';

const engine = await startEngine();
const words = Array.from({ length: 13 }, (_, i) => `w${i}`);
const tokenizer = createWordTokenizer(words);
const mfam: MfamConfig = {
  ...nano.mfam,
  levels: ['thematic', 'low'],
  taps: { low: 0, middle: 0, high: 0, thematic: 1 },
  queries: 2,
  hiddenSize: 8,
  numHeads: 2,
  numLayers: 1,
  mlpSize: 8,
};
const llm: LlmConfig = {
  ...nano.llm,
  hiddenSize: 8,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 2,
  mlpSize: 8,
  vocabSize: tokenizer.vocabSize,
};

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-generate-'));
const draw = rng('states');
const states = new Map([0, 1].map((l) => [l, Float32Array.from({ length: 7 * 3 * 8 }, () => 3 * draw.normal())]));
writeTapsPart(dir, 0, { ids: [...'abcdefg'], layers: [0, 1], tokens: 3, width: 8 }, states);
const taps: Taps = openTaps(dir);
afterAll(() => {
  taps.close();
  rmSync(dir, { recursive: true, force: true });
});

const shapes = { ...mfamShapes(mfam, taps, llm), ...llmShapes(llm) };
const weights: Weights = initialWeights(shapes, 1, () => 0.8);

async function generate(rows: readonly number[], { batchSize = 3, maxTokens = 5, change = {} } = {}) {
  const generator = createGenerator(engine, {
    mfam,
    llm,
    taps,
    tokenizer,
    maxTokens,
    batchSize,
    prompt: { prefix: [1], suffix: [5, 6] },
    watch: Array.from({ length: tokenizer.vocabSize }, (_, id) => id),
    weights: { ...weights, ...change },
  });
  const generated = await generator.generate(rows);
  generator.close();
  return generated;
}
const idsOf = (generated: readonly Generated[]) => generated.map(({ ids }) => [...ids]);

const all = await generate([0, 1, 2, 3, 4, 5, 6]);

describe('generation', () => {
  it('answers every photograph with its likeliest words', () => {
    expect(all).toHaveLength(7);
    for (const { ids, probabilities, stopped } of all) {
      expect(ids.length).toBeLessThanOrEqual(5);
      expect(probabilities).toHaveLength(ids.length + Number(stopped));
      probabilities.forEach((row, i) => {
        expect(row).toHaveLength(tokenizer.vocabSize);
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
        expect(row.indexOf(Math.max(...row))).toBe(ids[i] ?? tokenizer.endId);
      });
    }
    // The photographs matter.
    expect(new Set(idsOf(all).map(String)).size).toBeGreaterThan(1);
  });

  it('gives each word the probability it has behind the words before it', () => {
    tf.tidy(() => {
      const tensors = Object.entries(weights).map(([key, { shape, values }]) => [key, tf.tensor(values, [...shape])]);
      const parameters = frozenParameters(Object.fromEntries(tensors) as Record<string, Tensor>);
      all.forEach(({ ids, probabilities }, row) => {
        const state = (layer: number) => tf.tensor3d(taps.read(row, layer), [1, taps.tokens, taps.width]);
        const image = mfamTokens(parameters, mfam, { thematic: state(1), low: state(0) });
        const text = (words: readonly number[]) => tf.tensor2d([...words], [1, words.length], 'int32');
        const logits = answerLogits(parameters, { llm, mfam }, [image], {
          prefix: text([tokenizer.beginId]),
          suffix: text([5, 6]),
          answer: text(ids),
        });
        const expected = logits.softmax().dataSync();
        probabilities
          .slice(0, ids.length)
          .forEach((given, i) =>
            given.forEach((p, word) => expect(p).toBeCloseTo(expected[i * tokenizer.vocabSize + word]!, 4)),
          );
      });
    });
    // Otherwise the first word would be all that was looked at.
    expect(Math.max(...all.map(({ ids }) => new Set(ids).size))).toBeGreaterThan(1);
  });

  it('does not depend on the other photographs of a batch, nor on its size', async () => {
    expect(idsOf(await generate([0, 1, 2, 3, 4, 5, 6], { batchSize: 7 }))).toEqual(idsOf(all));
    expect(idsOf(await generate([6, 2], { batchSize: 1 }))).toEqual([idsOf(all)[6], idsOf(all)[2]]);
    expect(await generate([])).toEqual([]);
  });

  it('begins a short answer as a long one', async () => {
    expect(idsOf(await generate([0, 1, 2], { maxTokens: 2 }))).toEqual(
      idsOf(all)
        .slice(0, 3)
        .map((ids) => ids.slice(0, 2)),
    );
  });

  it('ends an answer before the end token', async () => {
    for (const { ids } of all) expect(ids).not.toContain(tokenizer.endId);
    // A head that reads the same from every direction of the state and is largest for the end.
    const { shape, values } = weights['llm.lm_head.weight']!;
    const width = shape[1]!;
    const first = (sign: number): Weights[string] => ({
      shape,
      values: values.map((_, i) => (Math.floor(i / width) === tokenizer.endId ? sign * (i % width === 0 ? 9 : 0) : 0)),
    });
    const answers = await Promise.all(
      [1, -1].map((sign) => generate([0, 1, 2], { change: { 'llm.lm_head.weight': first(sign) } })),
    );
    // Whichever sign the state has, one of the two ends at once and the other goes on with another word.
    for (let row = 0; row < 3; row++)
      expect(answers.map((of) => of[row]!.ids.length === 0).sort()).toEqual([false, true]);
  });
});

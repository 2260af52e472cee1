import { nano, rng, type LlmConfig } from '@calm-orch/core';
import { roundToBfloat16, startEngine, tf } from '@calm-orch/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { initialWeights } from '../layers/initialize.ts';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from '../layers/llama.ts';
import { frozenParameters } from '../layers/parameter.ts';
import type { Weights } from '../training/shard-gradients.ts';
import { createDecoder, type Decoder, type DecoderSpec } from './decoder.ts';
import { createTextGenerator, type TextGeneratorSpec } from './generate.ts';
import type { Prompt, Segment } from './prompt.ts';

const engine = await startEngine();
const base: LlmConfig = {
  ...nano.llm,
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 4,
  mlpSize: 24,
  vocabSize: 37,
  maxPositions: 64,
};
const grouped: LlmConfig = { ...base, numKeyValueHeads: 2 };
const weightsOf = (llm: LlmConfig): Weights => initialWeights(llmShapes(llm), 3, () => 0.35);
const close: Decoder[] = [];
afterEach(() => close.splice(0).forEach((decoder) => decoder.close()));

const draw = rng('generation test');
const words = (...text: number[]): Segment => ({ text });
const picture = (tokens: number): Segment => ({
  image: Float32Array.from({ length: tokens * 16 }, () => draw.normal(0, 0.3)),
});
const prompts: readonly Prompt[] = [
  [words(1, 7, 9)],
  [words(1), picture(5), words(20, 21)],
  [words(1), picture(2), words(8), picture(3), words(9, 10), picture(1), words(11)],
  [picture(1)],
];

/** Logits [T, V] of all positions of one sequence, op by op and without any cache. */
function fully(llm: LlmConfig, prompt: Prompt, answer: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const tensors = Object.entries(weightsOf(llm)).map(([key, w]) => [key, tf.tensor(w.values, [...w.shape])] as const);
    const parameters = frozenParameters(Object.fromEntries(tensors));
    const parts = [...prompt, ...(answer.length > 0 ? [words(...answer)] : [])].map((part) =>
      'text' in part
        ? embedTokens(parameters, tf.tensor2d([...part.text], [1, part.text.length], 'int32'))
        : tf.tensor3d(part.image, [1, part.image.length / llm.hiddenSize, llm.hiddenSize]),
    );
    const hidden = llamaHidden(parameters, llm, tf.concat(parts, 1));
    return logitsOf(parameters, llm, hidden).dataSync<'float32'>();
  });
}

const answers = [
  [3, 30, 4, 12],
  [5, 5, 6, 33],
  [36, 2, 14, 8],
  [9, 0, 1, 17],
] as const;

function decode(
  llm: LlmConfig,
  { batchSize = 4, promptTokens = 12, answerTokens = 5, eager = false, order = [0, 1, 2, 3] } = {},
): Float32Array[][] {
  const decoder = createDecoder(
    engine,
    { llm, weights: weightsOf(llm), batchSize, promptTokens, answerTokens },
    { ...(eager && { eager }) },
  );
  close.push(decoder);
  const chosen = order.slice(0, batchSize);
  const rowsOf = (logits: Float32Array) =>
    chosen.map((_, i) => logits.slice(i * llm.vocabSize, (i + 1) * llm.vocabSize));
  const steps = [rowsOf(decoder.start(chosen.map((which) => prompts[which]!)))];
  for (let step = 0; step < 4; step++)
    steps.push(rowsOf(decoder.next(Int32Array.from(chosen, (which) => answers[which]![step]!))));
  return chosen.map((_, i) => steps.map((rows) => rows[i]!));
}
const difference = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - b[i]![j]!)))));

describe('decoding with a cache', () => {
  it.each([
    ['as many key-value heads as heads', base, [0, 1]],
    ['grouped queries', grouped, [0, 1, 2, 3]],
    ['one key-value head, one layer', { ...base, numKeyValueHeads: 1, numLayers: 1 }, [2]],
  ])('gives the logits of reading everything anew: %s', (_, llm, order) => {
    const eager = decode(llm, { eager: true, batchSize: order.length, order });
    decode(llm, { batchSize: order.length, order }).forEach((steps, i) => {
      const logits = fully(llm, prompts[order[i]!]!, answers[order[i]!]!);
      const expected = steps.map((_, step) => {
        const at = (logits.length / llm.vocabSize - 5 + step) * llm.vocabSize;
        return logits.subarray(at, at + llm.vocabSize);
      });
      expect(difference(steps, expected)).toBeLessThan(1e-5);
      expect(difference(eager[i]!, expected)).toBeLessThan(1e-5);
      // Otherwise any decoder would do.
      expect(difference([steps[0]!], [steps[1]!])).toBeGreaterThan(1e-2);
    });
  });

  it('gives a sample the same bits beside whatever neighbours, in whatever place', () => {
    const all = decode(grouped);
    const moved = decode(grouped, { order: [2, 2, 3, 1] });
    expect(moved[0]).toEqual(all[2]);
    expect(moved[1]).toEqual(all[2]);
    expect(moved[2]).toEqual(all[3]);
    expect(moved[3]).toEqual(all[1]);
  });

  it('gives a sample the same logits to one millionth of the largest in batches and caches of other sizes', () => {
    const all = decode(grouped);
    for (const other of [{ batchSize: 1 }, { promptTokens: 21, answerTokens: 17 }])
      decode(grouped, other).forEach((steps, i) => {
        const largest = Math.max(...all[i]!.map((row) => Math.max(...row.map(Math.abs))));
        expect(difference(steps, all[i]!) / largest).toBeLessThan(1e-6);
      });
  });

  it('forgets what it was asked before', () => {
    const spec = { llm: grouped, weights: weightsOf(grouped), batchSize: 1, promptTokens: 12, answerTokens: 4 };
    const decoder = createDecoder(engine, spec);
    close.push(decoder);
    const ask = () => [decoder.start([prompts[2]!]), decoder.next(Int32Array.of(3)), decoder.next(Int32Array.of(9))];
    const first = ask();
    decoder.start([prompts[0]!]);
    for (const id of [11, 12, 13]) decoder.next(Int32Array.of(id));
    expect(ask()).toEqual(first);
  });

  it('keeps matrices as bfloat16 where it is told to, with the bits of rounded ones', () => {
    const weights = weightsOf(base);
    const rounded = Object.fromEntries(
      Object.entries(weights).map(([key, { shape, values }]) => {
        const own = values.slice();
        if (shape.length > 1) roundToBfloat16(own);
        return [key, { shape, values: own }];
      }),
    );
    const ask = (spec: Pick<DecoderSpec, 'weights' | 'precision'>): Float32Array[] => {
      const decoder = createDecoder(engine, { llm: base, batchSize: 1, promptTokens: 12, answerTokens: 3, ...spec });
      close.push(decoder);
      return [decoder.start([prompts[0]!]), decoder.next(Int32Array.of(3))];
    };
    const kept = ask({ weights: (key) => weights[key], precision: 'bf16' });
    expect(kept).toEqual(ask({ weights: rounded }));
    expect(kept).not.toEqual(ask({ weights }));
  });

  it('says what it cannot hold', () => {
    const spec = { llm: base, weights: weightsOf(base), batchSize: 1, promptTokens: 4, answerTokens: 2 };
    const decoder = createDecoder(engine, spec);
    close.push(decoder);
    expect(() => decoder.start([[words(1, 2, 3, 4, 5)]])).toThrow('prompt 0: expected 1 to 4 tokens, got 5');
    expect(() => decoder.start([[]])).toThrow('prompt 0: expected 1 to 4 tokens, got 0');
    expect(() => decoder.start([[{ image: new Float32Array(17) }]])).toThrow('no whole number of tokens of 16');
    expect(() => decoder.start([])).toThrow('made for 1 prompts, got 0');
    decoder.start([[words(1)]]);
    decoder.next(Int32Array.of(2));
    expect(() => decoder.next(Int32Array.of(2))).toThrow('made for answers of 2 tokens');
    expect(() => createDecoder(engine, { ...spec, promptTokens: 63 })).toThrow(
      'llm.maxPositions must hold prompt and answer, 63 + 2 tokens (got 64)',
    );
  });
});

describe('generation', () => {
  const generate = (change: Partial<TextGeneratorSpec> = {}, order = [0, 1, 2, 3], eager = false) => {
    const generator = createTextGenerator(
      engine,
      {
        llm: grouped,
        weights: weightsOf(grouped),
        batchSize: 2,
        promptTokens: 12,
        answerTokens: 6,
        stopIds: [2],
        ...change,
      },
      { ...(eager && { eager }) },
    );
    const generated = generator.generate(order.map((i) => ({ id: `sample ${i}`, prompt: prompts[i]! })));
    generator.close();
    return generated;
  };
  const ids = (generated: ReturnType<typeof generate>) => generated.map((answer) => answer.ids);

  it('takes the likeliest token, as reading everything anew would', () => {
    const eager = ids(generate({}, undefined, true));
    generate().forEach((answer, i) => {
      expect(eager[i]).toEqual(answer.ids);
      const logits = fully(grouped, prompts[i]!, answer.ids);
      const count = answer.ids.length + 1;
      const rows = Array.from({ length: count }, (_, step) => {
        const at = logits.length - (count - step) * grouped.vocabSize;
        return logits.subarray(at, at + grouped.vocabSize);
      });
      const likeliest = rows.map((row) => row.indexOf(Math.max(...row)));
      expect(answer.ids).toEqual(likeliest.slice(0, answer.stopped ? likeliest.indexOf(2) : 6));
    });
  });

  it('stops at any stop token, which it leaves out', () => {
    const [, whole] = ids(generate({ stopIds: [] })) as [number[], number[]];
    expect(whole).toHaveLength(6);
    const stop = whole[2]!;
    const [, cut] = generate({ stopIds: [36, stop] });
    expect(cut).toMatchObject({ ids: whole.slice(0, whole.indexOf(stop)), stopped: true });
    expect(generate({ stopIds: [] })[0]!.stopped).toBe(false);
  });

  it('keeps the probabilities of watched tokens, also where it stopped', () => {
    const watch = Array.from({ length: grouped.vocabSize }, (_, id) => id);
    for (const { ids: made, probabilities, stopped } of generate({ watch, stopIds: [36, 2] })) {
      expect(probabilities).toHaveLength(made.length + Number(stopped));
      for (const row of probabilities) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    }
    expect(generate({ watch: [5, 3] })[0]!.probabilities[0]).toHaveLength(2);
    expect(generate()[0]!.probabilities).toEqual([]);
  });

  it('draws the same for a sample in any batch, and other words with another seed', () => {
    const sampling = { temperature: 1.5, seed: 4 };
    const drawn = ids(generate({ sampling, stopIds: [] }));
    expect(ids(generate({ sampling, stopIds: [] }, [3, 1, 2, 0, 0]))).toEqual([3, 1, 2, 0, 0].map((i) => drawn[i]));
    expect(ids(generate({ sampling, stopIds: [], batchSize: 4 }))).toEqual(drawn);
    expect(ids(generate({ sampling: { temperature: 1.5, seed: 5 }, stopIds: [] }))).not.toEqual(drawn);
    expect(drawn).not.toEqual(ids(generate({ stopIds: [] })));
  });

  it('leaks no tensor', () => {
    generate();
    const before = tf.memory().numTensors;
    generate();
    expect(tf.memory().numTensors).toBe(before);
  });
});

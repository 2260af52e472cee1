import { nano, rng, type LlmConfig, type MfamConfig, type QFormerLevel } from '@calm-orch/core';
import { startEngine, type Values } from '@calm-orch/engine';
import { initialWeights, llmShapes, mfamShapes, type Weights } from '@calm-orch/model';
import { afterAll, describe, expect, it } from 'vitest';
import { createCalmTraining, maskInputs, promptInputs } from './calm-training.ts';

const mfam: MfamConfig = {
  ...nano.mfam,
  levels: ['high', 'middle', 'low'],
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
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
  vocabSize: 12,
};
const taps = { tokens: 3, width: 8 };
const batchSize = 4;
const levels: QFormerLevel[] = ['high', 'middle', 'low'];
const trainable = mfamShapes(mfam, taps, llm);
const frozen = llmShapes(llm);
const training = createCalmTraining(await startEngine(), {
  mfam,
  llm,
  trainable,
  frozen,
  batchSize,
  numShards: 2,
  taps,
  forms: {
    single: { images: 1, suffix: 2, answer: 3, maskedLevels: levels },
    pair: { images: 2, suffix: 0, answer: 3, maskedLevels: levels },
  },
});
afterAll(() => training.dispose());
const weights: Weights = initialWeights({ ...trainable, ...frozen }, 0, () => 0.3);

function inputsOf(images: number, suffix: readonly number[], allowed: readonly ReadonlySet<QFormerLevel>[]) {
  const draw = rng('inputs', images);
  const states = Array.from({ length: images }, (_, image) =>
    [0, 1, 2].map((layer): [string, Values] => [
      `image${image}_layer${layer}`,
      Float32Array.from({ length: batchSize * taps.tokens * taps.width }, () => draw.normal()),
    ]),
  );
  return {
    ...Object.fromEntries(states.flat()),
    ...promptInputs(batchSize, { prefix: [1], suffix }),
    ...maskInputs(levels, allowed),
    answer: Int32Array.from({ length: batchSize * 3 }, () => draw.int(12)),
    weights: new Float32Array(batchSize * 3).fill(1 / 12),
  };
}
const all = new Set(levels);
/** Levels whose weights a step changes. */
function trainedBy(name: string, inputs: Record<string, Values>): string[] {
  training.setWeights(weights);
  training.run(name, inputs, { step: 0, learningRate: 0.01 });
  const after = training.weights();
  const moved = (key: string): boolean => after[key]!.values.some((x, i) => x !== weights[key]!.values[i]);
  return levels.filter((level) => Object.keys(trainable).some((key) => key.startsWith(`mfam.${level}.`) && moved(key)));
}

describe('the training step of a CALM stage', () => {
  it('trains the levels that the augmentations of its samples allow, no other', () => {
    const of = (...allowed: ReadonlySet<QFormerLevel>[]) => inputsOf(1, [5, 6], allowed);
    expect(trainedBy('single', of(all, all, all, all))).toEqual(levels);
    expect(trainedBy('single', of(new Set(['low']), new Set(), new Set(['low']), new Set()))).toEqual(['low']);
    expect(trainedBy('single', of(new Set(), new Set(['high', 'middle']), new Set(), new Set()))).toEqual([
      'high',
      'middle',
    ]);
    expect(trainedBy('single', of(new Set(), new Set(), new Set(), new Set()))).toEqual([]);
  });

  it('trains the same weights on single photographs and on pairs', () => {
    const pair = inputsOf(2, [], [all, all, all, all]);
    const single = inputsOf(1, [5, 6], [all, all, all, all]);
    expect(trainedBy('pair', pair)).toEqual(levels);
    training.setWeights(weights);
    const losses = [0, 1, 2, 3, 4, 5].map((step) => training.run('pair', pair, { step, learningRate: 0.01 }));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    const trained = training.weights();
    const lossOfSingle = (): number => training.run('single', single, { step: 0, learningRate: 0.01 });
    const after = lossOfSingle();
    // A loss is that of the weights before its step: single photographs see what pairs have trained, to the bit.
    training.setWeights({ ...weights, ...trained });
    expect(lossOfSingle()).toBe(after);
    training.setWeights(weights);
    expect(lossOfSingle()).not.toBe(after);
  });

  it('leaves the frozen language model as it is', () => {
    training.setWeights(weights);
    training.run('single', inputsOf(1, [5, 6], [all, all, all, all]), { step: 0, learningRate: 0.01 });
    const key = 'llm.lm_head.weight';
    expect(training.program.read(`frozen/${key}`)).toEqual(weights[key]!.values);
    expect(Object.keys(training.weights())).toEqual(Object.keys(trainable));
  });
});

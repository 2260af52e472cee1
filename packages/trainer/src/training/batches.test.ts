// What a step computes with: its learning rate, its samples, their answers and prompts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleOrder } from '@calm-orch/core';
import type { Slice } from '@calm-orch/datasets';
import { afterAll, describe, expect, it } from 'vitest';
import { padded } from '../answers.ts';
import { augmentedId, readPairs } from '@calm-orch/datasets';
import { maskInputs, promptInputs } from './calm-training.ts';
import { learningRateAt } from './schedule.ts';
import { scoreText } from '../score-text.ts';

const training = { steps: 12, batchSize: 2, peakLearningRate: 1e-3, warmupFraction: 0.25 };
/** Rates of transformers' `get_cosine_schedule_with_warmup` with 3 of 12 steps; the cosine also in packages/model/fixtures. */
const goldenRates = [
  0, 0.0003333333333333333, 0.0006666666666666666, 0.001, 0.0009698463103929542, 0.000883022221559489, 0.00075,
  0.0005868240888334653, 0.00041317591116653486, 0.0002500000000000001, 0.00011697777844051105, 3.0153689607045842e-5,
];

describe('the learning rate', () => {
  it('warms up from 0 and falls as a cosine, as transformers counts', () => {
    goldenRates.forEach((rate, step) => expect(learningRateAt(step, training)).toBeCloseTo(rate, 12));
  });

  it('warms up for the fraction of the steps, rounded up', () => {
    const short = { ...training, warmupFraction: 0.03 };
    expect(learningRateAt(0, short)).toBe(0);
    expect(learningRateAt(1, short)).toBe(1e-3);
  });

  it('starts at its peak without warm-up and is never 0 after it', () => {
    const flat = { ...training, warmupFraction: 0 };
    expect(learningRateAt(0, flat)).toBe(1e-3);
    expect(learningRateAt(11, flat)).toBeGreaterThan(0);
    // A warm-up as long as the training never leaves it.
    const all = { ...training, warmupFraction: 1 };
    expect(Array.from({ length: 12 }, (_, step) => learningRateAt(step, all))).toEqual(
      Array.from({ length: 12 }, (_, step) => expect.closeTo((step * 1e-3) / 12, 12)),
    );
  });
});

describe('the order of samples', () => {
  const seen = (numSamples: number, batchSize: number, steps: number) => {
    const order = sampleOrder(5, 'finetune-score', numSamples, batchSize);
    return Array.from({ length: steps }, (_, step) => order(step)).flat();
  };

  it('shows every sample once in every epoch, another way round each time', () => {
    for (const [numSamples, batchSize] of [
      [10, 4],
      [8, 8],
      [3, 8],
    ] as const) {
      const all = seen(numSamples, batchSize, numSamples);
      const epochs = Array.from({ length: batchSize }, (_, epoch) => all.filter((s) => s.epoch === epoch));
      for (const epoch of epochs)
        expect(epoch.map(({ sample }) => sample).sort((a, b) => a - b)).toEqual([...Array(numSamples).keys()]);
      expect(new Set(epochs.map((epoch) => epoch.map(({ sample }) => sample).join())).size).toBeGreaterThan(1);
    }
  });

  it('is a function of the step alone', () => {
    const forwards = seen(10, 4, 20);
    for (const step of [19, 0, 7, 7, 2, 15])
      expect(sampleOrder(5, 'finetune-score', 10, 4)(step)).toEqual(forwards.slice(step * 4, step * 4 + 4));
    const jumping = sampleOrder(5, 'finetune-score', 10, 4);
    for (const step of [13, 2, 19, 0]) expect(jumping(step)).toEqual(forwards.slice(step * 4, step * 4 + 4));
  });

  it('differs between seeds and between stages', () => {
    const first = sampleOrder(5, 'finetune-score', 100, 50)(0);
    expect(sampleOrder(6, 'finetune-score', 100, 50)(0)).not.toEqual(first);
    expect(sampleOrder(5, 'finetune-comment', 100, 50)(0)).not.toEqual(first);
  });
});

describe('answers of a batch', () => {
  it('are padded, cut, and weigh 1 together, each token the same', () => {
    const { ids, weights } = padded(
      [
        [5, 6, 2],
        [7, 2],
        [8, 9, 10, 11, 2],
      ],
      4,
    );
    expect([...ids]).toEqual([5, 6, 2, 0, 7, 2, 0, 0, 8, 9, 10, 11]);
    const each = Math.fround(1 / 9);
    expect([...weights]).toEqual([each, each, each, 0, each, each, 0, 0, each, each, each, each]);
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });

  it('leave the questions of a conversation out of the loss', () => {
    const { ids, weights } = padded(
      [{ ids: [5, 6, 2, 7, 8, 2], isAnswer: [false, true, true, false, true, true] }, [9]],
      5,
    );
    expect([...ids]).toEqual([5, 6, 2, 7, 8, 9, 0, 0, 0, 0]);
    expect([...weights]).toEqual([0, 0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0]);
  });

  it('have as many words as decimals ask for', () => {
    expect([0, 1, 2].map((decimals) => scoreText(5.046, decimals))).toEqual(['5', '5.0', '5.05']);
  });
});

describe('inputs that do not come from photographs', () => {
  it('repeat begin and instruction for every sample', () => {
    expect(promptInputs(2, { prefix: [1], suffix: [7, 8] })).toEqual({
      prefix: Int32Array.of(1, 1),
      suffix: Int32Array.of(7, 8, 7, 8),
    });
    expect(promptInputs(2, { prefix: [1], suffix: [] })).toEqual({ prefix: Int32Array.of(1, 1) });
  });

  it('let a sample train the levels of its augmentations', () => {
    expect(maskInputs(['high', 'low'], [new Set(['low']), new Set(['high', 'low']), new Set(['middle'])])).toEqual({
      mask_high: Float32Array.of(0, 1, 0),
      mask_low: Float32Array.of(1, 1, 0),
    });
  });
});

describe('augmented pairs', () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-pairs-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('come in the order of their indices and draws, from all items', () => {
    const lines = (...pairs: readonly (readonly [index: number, draw: number])[]): string =>
      pairs.map(([index, draw]) => `${JSON.stringify({ index, draw })}\n`).join('');
    writeFileSync(join(dir, 'pairs-10.jsonl'), lines([8, 0], [8, 1]));
    writeFileSync(join(dir, 'pairs-2.jsonl'), lines([2, 0], [2, 1]));
    writeFileSync(join(dir, 'pairs-0.jsonl'), lines([0, 0], [0, 1], [1, 0], [1, 1]));
    writeFileSync(join(dir, 'pairs-3.jsonl.tmp'), lines([3, 0]));
    const found = (slice?: Slice): string[] => readPairs(dir, slice).map(({ index, draw }) => `${index}-${draw}`);
    expect(found()).toEqual(['0-0', '0-1', '1-0', '1-1', '2-0', '2-1', '8-0', '8-1']);
    expect(found({ first: 1, count: 4 })).toEqual(['0-1', '1-0', '1-1', '2-0']);
    expect(found({ first: 7, count: 3 })).toEqual(['8-1']);
    expect(new Set(readPairs(dir).map(augmentedId)).size).toBe(8);
  });
});

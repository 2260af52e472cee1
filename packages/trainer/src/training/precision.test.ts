// bfloat16 against float32 on the preset `nano` itself, its own sizes and rates: what a user gets with train.precision: bf16.
import { nano, rng } from '@calm-orch/core';
import { startEngine, type Values } from '@calm-orch/engine';
import { fanInDeviation, initialWeights, llmShapes, mfamShapes } from '@calm-orch/model';
import { expect, it } from 'vitest';
import { createCalmTraining, promptInputs } from './calm-training.ts';
import { learningRateAt } from './schedule.ts';

const engine = await startEngine();
const { mfam, llm, vision, train } = nano;
const taps = { tokens: 65, width: vision.hiddenSize };
const trainable = { ...mfamShapes(mfam, taps, llm), ...llmShapes(llm) };
const [batchSize, numSteps, answerTokens] = [8, 50, 3];
const training = { ...nano.finetuneScore, batchSize, steps: numSteps };

/**
 * Photographs of four kinds, told apart by what is added to their hidden states. The answer is the kind, or in four of ten
 * cases any: as with people's scores the loss cannot fall to nothing.
 */
function inputsOf(step: number): Record<string, Values> {
  const draw = rng('precision', step);
  const kinds = Array.from({ length: batchSize }, () => draw.int(4));
  const answered = kinds.map((kind) => (draw.uniform() < 0.6 ? kind : draw.int(4)));
  const states = [...new Set(Object.values(mfam.taps))].map((layer): [string, Values] => [
    `image0_layer${layer}`,
    Float32Array.from(
      { length: batchSize * taps.tokens * taps.width },
      (_, i) => draw.normal() + (kinds[Math.floor(i / (taps.tokens * taps.width))] === i % 4 ? 1 : 0),
    ),
  ]);
  return {
    ...Object.fromEntries(states),
    ...promptInputs(batchSize, { prefix: [1], suffix: [5, 6] }),
    answer: Int32Array.from(answered.flatMap((kind) => [10 + kind, 30, 2])),
    weights: new Float32Array(batchSize * answerTokens).fill(1 / (batchSize * answerTokens)),
  };
}

function losses(precision: 'fp32' | 'bf16'): number[] {
  const sharded = createCalmTraining(engine, {
    mfam,
    llm,
    trainable,
    frozen: {},
    batchSize,
    numShards: 2,
    taps,
    options: { ...train, precision },
    forms: { answer: { images: 1, suffix: 2, answer: answerTokens } },
  });
  sharded.setWeights(initialWeights(trainable, 0, fanInDeviation));
  try {
    return Array.from({ length: numSteps }, (_, step) =>
      sharded.run('answer', inputsOf(step), { step, learningRate: learningRateAt(step, training) }),
    );
  } finally {
    sharded.dispose();
  }
}

it.skipIf(engine.node === undefined)('bfloat16 ends 50 nano steps within 1 % of the loss of float32', () => {
  const [single, half] = [losses('fp32'), losses('bf16')];
  const last = (of: readonly number[]): number => of.slice(-8).reduce((sum, loss) => sum + loss, 0) / 8;
  // Both learn, by arithmetic that differs.
  expect(last(single)).toBeLessThan(0.6 * single[0]!);
  expect(half).not.toEqual(single);
  expect(Math.abs(half.at(-1)! / single.at(-1)! - 1)).toBeLessThan(0.01);
  expect(Math.abs(last(half) / last(single) - 1)).toBeLessThan(0.01);
});

it.skipIf(engine.node !== undefined)('bfloat16 is refused where graphs are not compiled', () => {
  expect(() => losses('bf16')).toThrow(/precision bf16 needs compiled graphs.*train.precision to fp32/);
});

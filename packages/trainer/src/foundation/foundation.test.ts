import { nano, type VisionConfig } from '@calm-orch/core';
import { instructions, vocabularyWords } from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { createWordTokenizer } from '@calm-orch/model';
import { describe, expect, it } from 'vitest';
import { textSample, textTasks } from './corpus.ts';
import {
  createLanguagePretraining,
  initialLanguageWeights,
  languageBatch,
  taskOfStep,
} from './language-pretraining.ts';
import { createVisionPretraining, initialVisionWeights, visionBatch } from './vision-pretraining.ts';

const tokenizer = createWordTokenizer(vocabularyWords());
const instructionOf = {
  caption: [],
  single: tokenizer.encode(instructions.sslSingle[0]),
  pair: tokenizer.encode(instructions.sslPair[0]),
  comment: tokenizer.encode(instructions.comment[0]),
};
const answerTokens = 28;

describe('the corpus', () => {
  it('has texts of every task in known words that fit their places', () => {
    for (const task of textTasks)
      for (let id = 0; id < 60; id++) {
        const { description, instruction, answer } = textSample(task, tokenizer, 24, 0, id);
        expect(description).toHaveLength(task === 'pair' ? 48 : 24);
        expect(instruction).toEqual(instructionOf[task]);
        expect(answer.at(-1)).toBe(tokenizer.endId);
        expect(answer.length).toBeLessThanOrEqual(answerTokens);
        for (const word of [...description, ...answer]) expect(word).not.toBe(tokenizer.unknownId);
      }
  });

  it('is a function of seed, task and number', () => {
    const text = (seed: number, id: number) => textSample('comment', tokenizer, 24, seed, id);
    expect(text(3, 5)).toEqual(text(3, 5));
    expect(text(4, 5)).not.toEqual(text(3, 5));
    expect(text(3, 6)).not.toEqual(text(3, 5));
  });
});

describe('language pre-training', () => {
  const recipe = { batchSize: 2, steps: 8, peakLearningRate: 1e-2, seed: 0 };
  const llm = { ...nano.llm, hiddenSize: 16, numLayers: 1, numHeads: 2, numKeyValueHeads: 2, mlpSize: 16 };

  it('lays out begin, description, instruction and answer without gaps', () => {
    for (let step = 0; step < 4; step++) {
      const { ids, weights } = languageBatch(tokenizer, recipe, step);
      const task = taskOfStep(step);
      const length = ids!.length / recipe.batchSize;
      for (let row = 0; row < recipe.batchSize; row++) {
        const words = [...ids!.slice(row * length, (row + 1) * length)];
        const answerAt = length - answerTokens;
        expect(words[0]).toBe(tokenizer.beginId);
        expect(words.slice(0, answerAt)).not.toContain(tokenizer.unknownId);
        const instruction = instructionOf[task];
        expect(words.slice(answerAt - instruction.length, answerAt)).toEqual(instruction);
        const weighed = [...weights!.slice(row * answerTokens, (row + 1) * answerTokens)].filter((w) => w > 0).length;
        expect(words[answerAt + weighed - 1]).toBe(tokenizer.endId);
        expect(words.slice(answerAt + weighed).every((word) => word === 0)).toBe(true);
      }
    }
  });

  it('learns in a few steps of every task', async () => {
    const sharded = createLanguagePretraining(await startEngine(), llm, recipe);
    try {
      sharded.setWeights(initialLanguageWeights(llm, 0));
      const loss = (at: number): number[] =>
        [0, 1, 2, 3].map((task) =>
          sharded.run(taskOfStep(task), languageBatch(tokenizer, recipe, task), {
            step: at + task,
            learningRate: 1e-2,
          }),
        );
      const losses = [0, 4, 8].map(loss);
      losses[2]!.forEach((last, task) => expect(last).toBeLessThan(losses[0]![task]!));
    } finally {
      sharded.dispose();
    }
  });
});

describe('vision pre-training', () => {
  const vision: VisionConfig = {
    ...nano.vision,
    imageSize: 16,
    hiddenSize: 16,
    numLayers: 2,
    numHeads: 2,
    mlpSize: 16,
  };
  const recipe = {
    batchSize: 4,
    steps: 4,
    peakLearningRate: 1e-2,
    appearanceShare: 0.1,
    consistencyWeight: 1,
    seed: 0,
  };

  it('shows every scene in two views, and words of unit length', () => {
    const { pixels, bags } = visionBatch(vision, tokenizer, recipe, 1);
    expect(visionBatch(vision, tokenizer, recipe, 1)).toEqual({ pixels, bags });
    expect(visionBatch(vision, tokenizer, recipe, 2).pixels).not.toEqual(pixels);
    expect(pixels).toHaveLength(8 * 3 * 16 * 16);
    const image = (row: number) => [...pixels!.slice(row * 768, (row + 1) * 768)];
    for (let i = 0; i < 4; i++) expect(image(i)).not.toEqual(image(4 + i));
    const bag = (row: number) => [...bags!.slice(row * tokenizer.vocabSize, (row + 1) * tokenizer.vocabSize)];
    for (let row = 0; row < 8; row++) {
      expect(bag(row)[0]).toBe(0);
      const total = bag(row).reduce((a, b) => a + b, 0);
      // Words / sqrt(words): the square is their number.
      expect(total ** 2).toBeCloseTo(Math.round(total ** 2), 3);
    }
  });

  it('learns to match photographs and captions', async () => {
    const sharded = createVisionPretraining(await startEngine(), vision, tokenizer.vocabSize, recipe);
    try {
      sharded.setWeights(initialVisionWeights(vision, tokenizer.vocabSize, 0));
      const inputs = visionBatch(vision, tokenizer, recipe, 0);
      const losses = Array.from({ length: 12 }, (_, step) =>
        sharded.run('match', inputs, { step, learningRate: 1e-2 }),
      );
      expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    } finally {
      sharded.dispose();
    }
  });
});

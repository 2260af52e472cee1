// Trains the small language model the embedded default starts from, on text alone (see corpus.ts).
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LlmConfig } from '@calm-orch/core';
import type { Engine, Values } from '@calm-orch/engine';
import {
  answerLoss,
  createShardedStep,
  embedTokens,
  fanInDeviation,
  initialWeights,
  llamaHidden,
  llmShapes,
  logitsOf,
  type Parameters,
  type Tokenizer,
  type ShardedStep,
  type Weights,
} from '@calm-orch/model';
import { padded } from '../answers.ts';
import { textSample, textTasks, type TextTask } from './corpus.ts';

export interface LanguagePretraining {
  readonly batchSize: number;
  readonly steps: number;
  readonly peakLearningRate: number;
  readonly seed: number;
}

/** Description slots per photograph: as many as the vision tokens that later take their place. */
const slotsOf: Readonly<Record<TextTask, number>> = { caption: 64, single: 24, pair: 24, comment: 88 };
const photographsOf: Readonly<Record<TextTask, number>> = { caption: 1, single: 1, pair: 2, comment: 1 };
const instructionTokens: Readonly<Record<TextTask, number>> = { caption: 0, single: 7, pair: 8, comment: 5 };
const answerTokens = 28;

const promptTokens = (task: TextTask): number => 1 + slotsOf[task] * photographsOf[task] + instructionTokens[task];

export function createLanguagePretraining(
  engine: Engine,
  llm: LlmConfig,
  { batchSize }: LanguagePretraining,
): ShardedStep {
  const loss =
    (prompt: number) =>
    (parameters: Parameters, inputs: Readonly<Record<string, Tensor>>): Tensor => {
      const hidden = llamaHidden(parameters, llm, embedTokens(parameters, inputs.ids!), answerTokens + 1);
      const answering = hidden.slice([0, 0, 0], [batchSize, answerTokens, llm.hiddenSize]);
      const answer = inputs.ids!.slice([0, prompt], [batchSize, answerTokens]);
      return answerLoss(logitsOf(parameters, llm, answering), answer, inputs.weights!);
    };
  return createShardedStep(engine, {
    trainable: llmShapes(llm),
    frozen: {},
    numShards: 1,
    steps: Object.fromEntries(
      textTasks.map((task) => [
        task,
        {
          inputs: {
            ids: { shape: [batchSize, promptTokens(task) + answerTokens], dtype: 'int32' as const },
            weights: { shape: [batchSize, answerTokens], dtype: 'float32' as const },
          },
          loss: loss(promptTokens(task)),
        },
      ]),
    ),
  });
}

export const initialLanguageWeights = (llm: LlmConfig, seed: number): Weights =>
  initialWeights(llmShapes(llm), seed, fanInDeviation);

export const taskOfStep = (step: number): TextTask => textTasks[step % textTasks.length]!;

/** The batch of a step: a function of (seed, step) alone. */
export function languageBatch(
  tokenizer: Tokenizer,
  { batchSize, seed }: LanguagePretraining,
  step: number,
): Record<string, Values> {
  const task = taskOfStep(step);
  const rows = Array.from({ length: batchSize }, (_, i) =>
    textSample(task, tokenizer, slotsOf[task], seed, step * batchSize + i),
  );
  const answers = padded(
    rows.map((row) => row.answer),
    answerTokens,
  );
  const prompt = promptTokens(task);
  const ids = new Int32Array(batchSize * (prompt + answerTokens));
  rows.forEach((row, i) => {
    const at = i * (prompt + answerTokens);
    ids.set([tokenizer.beginId, ...row.description, ...row.instruction], at);
    ids.set(answers.ids.subarray(i * answerTokens, (i + 1) * answerTokens), at + prompt);
  });
  return { ids, weights: answers.weights };
}

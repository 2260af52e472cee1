// A language model that answers a batch of prompts token by token: one program of two functions, `prefill` and
// `decode`, that share weights and a cache of keys and values as its variables.
import { CalmError, type LlmConfig } from '@calm-orch/core';
import { createProgram, type Engine, type Precision } from '@calm-orch/engine';
import { frozenParameters } from '../layers/parameter.ts';
import { llmShapes } from '../layers/llama.ts';
import { matricesOf, valuesOf, type WeightReader, type Weights } from '../training/shard-gradients.ts';
import { cacheShapes, decode, prefill } from './cached-llama.ts';
import { layOutPrompts, type Prompt } from './prompt.ts';

export interface DecoderSpec {
  readonly llm: LlmConfig;
  /** By checkpoint key; others than the language model's are not looked at. */
  readonly weights: Weights | WeightReader;
  /** bf16: matrices are kept as bfloat16, in half the memory; products are float32 all the same. @default 'fp32' */
  readonly precision?: Precision;
  /** Prompts answered at once. */
  readonly batchSize: number;
  /** Longest prompt, in tokens. Every prompt costs as much as the longest, and gives the same bits beside any other. */
  readonly promptTokens: number;
  /** Longest answer, in tokens. */
  readonly answerTokens: number;
}

export interface Decoder {
  /** Logits [B * V] of the first token of each answer. Forgets the prompts before. */
  start(prompts: readonly Prompt[]): Float32Array;
  /** Logits [B * V] of the token behind `ids` [B], which are the tokens chosen last. */
  next(ids: Int32Array): Float32Array;
  close(): void;
}

/** @throws CalmError `invalid_config` when prompt and answer exceed llm.maxPositions. */
export function createDecoder(engine: Engine, spec: DecoderSpec, options: { eager?: boolean } = {}): Decoder {
  const { llm, batchSize, promptTokens, answerTokens } = spec;
  if (promptTokens + answerTokens > llm.maxPositions)
    throw new CalmError(
      'invalid_config',
      `llm.maxPositions must hold prompt and answer, ${promptTokens} + ${answerTokens} tokens (got ${llm.maxPositions})`,
    );
  const shapes = llmShapes(llm);
  // The last token of an answer is never looked back at; a cache needs one slot all the same.
  const madeTokens = Math.max(1, answerTokens - 1);
  const program = createProgram(
    engine,
    {
      variables: { ...shapes, ...cacheShapes(llm, { batchSize, promptTokens, madeTokens }) },
      ...(spec.precision === 'bf16' && { halved: new Set(matricesOf(shapes)) }),
      functions: {
        prefill: {
          inputs: {
            ids: { shape: [batchSize, promptTokens], dtype: 'int32' },
            image: { shape: [batchSize, promptTokens, llm.hiddenSize], dtype: 'float32' },
            isText: { shape: [batchSize, promptTokens, 1], dtype: 'float32' },
            ends: { shape: [batchSize], dtype: 'int32' },
          },
          body: (variables, { ids, image, isText, ends }) => {
            const inputs = { ids: ids!, image: image!, isText: isText!, ends: ends! };
            const { logits, cache } = prefill(frozenParameters(variables), llm, inputs);
            return { outputs: { logits }, assigns: cache };
          },
        },
        decode: {
          inputs: {
            ids: { shape: [batchSize, 1], dtype: 'int32' },
            ends: { shape: [batchSize], dtype: 'int32' },
            step: { shape: [], dtype: 'int32' },
          },
          body: (variables, { ids, ends, step }) => {
            const inputs = { ids: ids!, ends: ends!, step: step! };
            const { logits, cache } = decode(frozenParameters(variables), llm, variables, inputs);
            return { outputs: { logits }, assigns: cache };
          },
        },
      },
    },
    options,
  );
  // One after the other: a model that fits in memory only once.
  for (const [key, shape] of Object.entries(shapes)) program.assign(key, valuesOf(spec.weights, key, shape));
  let ends = new Int32Array(0);
  let step = 0;
  return {
    start: (prompts) => {
      if (prompts.length !== batchSize)
        throw new CalmError('internal', `decoder: made for ${batchSize} prompts, got ${prompts.length}`);
      const { lengths, ...inputs } = layOutPrompts(prompts, promptTokens, llm.hiddenSize);
      ends = lengths.map((length) => length - 1);
      step = 0;
      return program.run('prefill', { ...inputs, ends }).logits!;
    },
    next: (ids) => {
      if (step >= answerTokens - 1)
        throw new CalmError('internal', `decoder: made for answers of ${answerTokens} tokens, asked for more`);
      return program.run('decode', { ids, ends, step: Int32Array.of(step++) }).logits!;
    },
    close: () => program.dispose(),
  };
}

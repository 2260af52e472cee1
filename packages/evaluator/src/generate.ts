// Greedy generation: the model's answer to one instruction about each photograph. One compiled graph gives the logits
// of all answer positions; a position only sees what precedes it, so later ones may hold anything.
import type { LlmConfig, MfamConfig } from '@calm-orch/core';
import { createProgram, type Engine } from '@calm-orch/engine';
import {
  answerLogits,
  frozenParameters,
  llmShapes,
  mfamShapes,
  mfamTokens,
  visualBatch,
  visualOf,
  visualSpec,
  type Taps,
  type Tokenizer,
  type Weights,
} from '@calm-orch/model';

export interface Generated {
  /** Up to and without the end token. */
  readonly ids: readonly number[];
  /** Probabilities over the vocabulary at each generated position. */
  readonly probabilities: readonly Float32Array[];
}

export interface Generator {
  /** Answers about the photographs at `rows` of the taps. */
  generate(rows: readonly number[]): Generated[];
  close(): void;
}

export interface GeneratorSpec {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights;
  readonly taps: Taps;
  readonly tokenizer: Tokenizer;
  readonly instruction: readonly number[];
  readonly maxTokens: number;
  readonly batchSize: number;
}

export function createGenerator(engine: Engine, spec: GeneratorSpec): Generator {
  const { mfam, llm, taps, tokenizer, instruction, maxTokens, batchSize } = spec;
  const shapes = { ...mfamShapes(mfam, { hiddenSize: taps.width }, llm), ...llmShapes(llm) };
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      answer: {
        inputs: {
          ...visualSpec(mfam, taps, batchSize),
          prefix: { shape: [batchSize, 1], dtype: 'int32' },
          suffix: { shape: [batchSize, instruction.length], dtype: 'int32' },
          answer: { shape: [batchSize, maxTokens], dtype: 'int32' },
        },
        body: (variables, inputs) => {
          const parameters = frozenParameters(variables);
          const image = mfamTokens(parameters, mfam, visualOf(mfam, inputs));
          const text = { prefix: inputs.prefix!, suffix: inputs.suffix!, answer: inputs.answer! };
          return { outputs: { probabilities: answerLogits(parameters, { llm, mfam }, [image], text).softmax() } };
        },
      },
    },
  });
  for (const key of Object.keys(shapes)) program.assign(key, spec.weights[key]!.values);
  const prefix = new Int32Array(batchSize).fill(tokenizer.beginId);
  const suffix = Int32Array.from(
    { length: batchSize * instruction.length },
    (_, i) => instruction[i % instruction.length]!,
  );

  const batch = (rows: readonly number[]): Generated[] => {
    // A short last batch is filled up with its first photograph.
    const filled = Array.from({ length: batchSize }, (_, i) => rows[i] ?? rows[0]!);
    const visual = visualBatch(mfam, taps, filled);
    const answer = new Int32Array(batchSize * maxTokens);
    const results = rows.map(() => ({ ids: [] as number[], probabilities: [] as Float32Array[], ended: false }));
    for (let position = 0; position < maxTokens && results.some(({ ended }) => !ended); position++) {
      const { probabilities } = program.run('answer', { ...visual, prefix, suffix, answer });
      results.forEach((result, i) => {
        const at = (i * maxTokens + position) * llm.vocabSize;
        const row = probabilities!.slice(at, at + llm.vocabSize);
        const next = row.indexOf(Math.max(...row));
        answer[i * maxTokens + position] = next;
        if (next === tokenizer.endId) result.ended = true;
        if (result.ended) return;
        result.ids.push(next);
        result.probabilities.push(row);
      });
    }
    return results;
  };
  return {
    generate: (rows) => {
      const all: Generated[] = [];
      for (let start = 0; start < rows.length; start += batchSize)
        all.push(...batch(rows.slice(start, start + batchSize)));
      return all;
    },
    close: () => program.dispose(),
  };
}

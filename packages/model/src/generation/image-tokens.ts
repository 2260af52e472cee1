// Photographs as the language model reads them: the levels' tokens side by side, ready to stand in a prompt.
import { tf, createProgram, type Engine, type Precision } from '@calm-orch/engine';
import type { LlmConfig, MfamConfig } from '@calm-orch/core';
import { tokenOrder } from '../calm/calm.ts';
import { mfamShapes, mfamTokens } from '../calm/mfam.ts';
import { frozenParameters } from '../layers/parameter.ts';
import { matricesOf, valuesOf, type WeightReader, type Weights } from '../training/shard-gradients.ts';
import type { Taps } from '../calm/taps.ts';
import { visualBatch, visualOf, visualSpec } from '../calm/visual-inputs.ts';

export interface ImageReaderSpec {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights | WeightReader;
  /** As a decoder's. @default 'fp32' */
  readonly precision?: Precision;
  readonly taps: Taps;
  /** Photographs computed at once. */
  readonly batchSize: number;
}

export interface ImageReader {
  /** Tokens of one photograph. */
  readonly tokensPerImage: number;
  /** The tokens [tokensPerImage * D] of each photograph, given by their rows in the taps. */
  read(rows: readonly number[]): Promise<Float32Array[]>;
  close(): void;
}

/** Tokens one photograph takes in a prompt. */
export function tokensPerImage({ levels, queries }: Pick<MfamConfig, 'levels' | 'queries'>, visionTokens: number) {
  return levels.reduce((sum, level) => sum + (level === 'thematic' ? visionTokens - 1 : queries), 0);
}

export function createImageReader(engine: Engine, spec: ImageReaderSpec): ImageReader {
  const { mfam, llm, taps, batchSize } = spec;
  const shapes = mfamShapes(mfam, taps, llm);
  const numTokens = tokensPerImage(mfam, taps.tokens);
  const size = numTokens * llm.hiddenSize;
  const program = createProgram(engine, {
    variables: shapes,
    ...(spec.precision === 'bf16' && { halved: new Set(matricesOf(shapes)) }),
    functions: {
      read: {
        inputs: visualSpec(mfam, taps, batchSize),
        body: (variables, inputs) => {
          const levels = mfamTokens(frozenParameters(variables), mfam, visualOf(mfam, inputs));
          const ordered = tokenOrder.flatMap((level) => levels[level] ?? []);
          return { outputs: { tokens: ordered.length === 1 ? ordered[0]! : tf.concat(ordered, 1) } };
        },
      },
    },
  });
  for (const [key, shape] of Object.entries(shapes)) program.assign(key, valuesOf(spec.weights, key, shape));
  return {
    tokensPerImage: numTokens,
    read: async (rows) => {
      const read: Float32Array[] = [];
      for (let start = 0; start < rows.length; start += batchSize) {
        const chosen = rows.slice(start, start + batchSize);
        // A short last batch is filled up with its first photograph.
        const filled = Array.from({ length: batchSize }, (_, i) => chosen[i] ?? chosen[0]!);
        await taps.prepare?.(chosen);
        const { tokens } = program.run('read', visualBatch(mfam, taps, filled));
        chosen.forEach((_, i) => read.push(tokens!.slice(i * size, (i + 1) * size)));
      }
      return read;
    },
    close: () => program.dispose(),
  };
}

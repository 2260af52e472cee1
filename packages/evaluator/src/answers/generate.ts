// The model's answer to one instruction about each photograph of a data set: [prefix; image; suffix] is the prompt.
// Prompts of other forms (several photographs, texts between them) go to createTextGenerator directly.
import type { LlmConfig, MfamConfig } from '@calm-orch/core';
import type { Engine, Precision } from '@calm-orch/engine';
import {
  createImageReader,
  createTextGenerator,
  type Generated,
  type Sampling,
  type Taps,
  type TaskPrompt,
  type Tokenizer,
  type WeightReader,
  type Weights,
} from '@calm-orch/model';

export interface Generator {
  /** Answers about the photographs at `rows` of the taps. */
  generate(rows: readonly number[]): Promise<Generated[]>;
  close(): void;
}

export interface GeneratorSpec {
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights | WeightReader;
  /** bf16: matrices are kept as bfloat16. @default 'fp32' */
  readonly precision?: Precision;
  readonly taps: Taps;
  readonly tokenizer: Pick<Tokenizer, 'endId'>;
  /** Texts around the photograph. */
  readonly prompt: Pick<TaskPrompt, 'prefix' | 'suffix'>;
  readonly maxTokens: number;
  readonly batchSize: number;
  /** Token ids whose probabilities are kept at each position. @default none */
  readonly watch?: readonly number[];
  /** @default greedy */
  readonly sampling?: Sampling;
}

export function createGenerator(engine: Engine, spec: GeneratorSpec): Generator {
  const { mfam, llm, weights, precision = 'fp32', taps, tokenizer, prompt, batchSize, watch, sampling } = spec;
  const images = createImageReader(engine, { mfam, llm, weights, precision, taps, batchSize });
  const texts = createTextGenerator(engine, {
    llm,
    weights,
    precision,
    batchSize,
    promptTokens: prompt.prefix.length + images.tokensPerImage + prompt.suffix.length,
    answerTokens: spec.maxTokens,
    stopIds: [tokenizer.endId],
    ...(watch && { watch }),
    ...(sampling && { sampling }),
  });
  return {
    generate: async (rows) => {
      const all: Generated[] = [];
      // Batch by batch, so that the image tokens of one batch are all that is held.
      for (let start = 0; start < rows.length; start += batchSize) {
        const chosen = rows.slice(start, start + batchSize);
        const read = await images.read(chosen);
        const requests = read.map((image, i) => ({
          id: taps.ids[chosen[i]!]!,
          prompt: [{ text: prompt.prefix }, { image }, { text: prompt.suffix }],
        }));
        all.push(...texts.generate(requests));
      }
      return all;
    },
    close: () => {
      images.close();
      texts.close();
    },
  };
}

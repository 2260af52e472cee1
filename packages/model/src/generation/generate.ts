// Answers to prompts, batch by batch: prefill, then a token a sample and step until every sample has stopped.
import { CalmError } from '@calm-orch/core';
import type { Engine } from '@calm-orch/engine';
import { createDecoder, type DecoderSpec } from './decoder.ts';
import type { Prompt } from './prompt.ts';
import { checkSampling, chooseToken, greedy, probabilitiesOf, type Sampling } from './sampling.ts';

export interface GenerationRequest {
  /** Names the sample; with the seed and the position it decides what is drawn. */
  readonly id: string;
  readonly prompt: Prompt;
}

export interface Generated {
  /** Up to and without the stop token. */
  readonly ids: readonly number[];
  /** At each generated position the probabilities of the watched tokens, in their order; before any temperature. */
  readonly probabilities: readonly Float32Array[];
  /** Whether a stop token ended it; otherwise it had the most tokens allowed. */
  readonly stopped: boolean;
}

export interface TextGeneratorSpec extends DecoderSpec {
  readonly stopIds: readonly number[];
  /** @default greedy */
  readonly sampling?: Sampling;
  /** Token ids whose probabilities are kept; also at the position of the stop token. @default none */
  readonly watch?: readonly number[];
}

export interface TextGenerator {
  /** Answers in the order of the requests. */
  generate(requests: readonly GenerationRequest[]): Generated[];
  close(): void;
}

export function createTextGenerator(
  engine: Engine,
  spec: TextGeneratorSpec,
  options: { eager?: boolean } = {},
): TextGenerator {
  const { llm, batchSize, answerTokens, stopIds, sampling = greedy, watch = [] } = spec;
  checkSampling(sampling);
  if (answerTokens < 1) throw new CalmError('invalid_argument', `an answer needs a token (got ${answerTokens})`);
  const decoder = createDecoder(engine, spec, options);

  const batch = (requests: readonly GenerationRequest[]): Generated[] => {
    // A short last batch is filled up with its first prompt.
    const filled = Array.from({ length: batchSize }, (_, i) => (requests[i] ?? requests[0]!).prompt);
    const answers = requests.map(() => ({
      ids: [] as number[],
      probabilities: [] as Float32Array[],
      stopped: false,
    }));
    const chosen = new Int32Array(batchSize);
    let logits = decoder.start(filled);
    for (let position = 0; position < answerTokens; position++) {
      answers.forEach((answer, i) => {
        if (answer.stopped) return;
        const row = logits.subarray(i * llm.vocabSize, (i + 1) * llm.vocabSize);
        if (watch.length > 0) {
          const all = probabilitiesOf(row);
          answer.probabilities.push(Float32Array.from(watch, (id) => all[id]!));
        }
        chosen[i] = chooseToken(row, sampling, requests[i]!.id, position);
        if (stopIds.includes(chosen[i])) answer.stopped = true;
        else answer.ids.push(chosen[i]);
      });
      if (position === answerTokens - 1 || answers.every(({ stopped }) => stopped)) break;
      logits = decoder.next(chosen);
    }
    return answers;
  };
  return {
    generate: (requests) => {
      const all: Generated[] = [];
      for (let start = 0; start < requests.length; start += batchSize)
        all.push(...batch(requests.slice(start, start + batchSize)));
      return all;
    },
    close: () => decoder.close(),
  };
}

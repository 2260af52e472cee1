// Scores at the end of an episode: the image tokens of all photographs once, then the language model over each episode.
import type { LlmConfig, MfamConfig } from '@calm-orch/core';
import { createProgram, type Engine } from '@calm-orch/engine';
import {
  episodeImages,
  episodeLogits,
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

export interface Episode {
  /** Positions in the taps; the query is the last. */
  readonly rows: readonly number[];
  /** Scores of all but the query. */
  readonly scores: readonly number[];
}

export interface EpisodeAnswer {
  /** The answer in words. */
  readonly text: string;
  /** Expectation over the digits 1..5. */
  readonly expected: number;
}

export interface EpisodeReader {
  answer(episodes: readonly Episode[]): EpisodeAnswer[];
  close(): void;
}

export interface EpisodeReaderSpec {
  /** `levels` are those that stand for a photograph. */
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights;
  readonly taps: Taps;
  readonly tokenizer: Tokenizer;
  readonly instruction: readonly number[];
  /** Photographs of an episode. */
  readonly size: number;
  readonly batchSize: number;
}

export function createEpisodeReader(engine: Engine, spec: EpisodeReaderSpec): EpisodeReader {
  const { mfam, llm, taps, tokenizer, instruction, size, batchSize } = spec;
  const shapes = { ...mfamShapes(mfam, { hiddenSize: taps.width }, llm), ...llmShapes(llm) };
  const patches = mfam.levels.includes('thematic') ? taps.tokens - 1 : 0;
  const numImage = patches + mfam.levels.filter((level) => level !== 'thematic').length * mfam.queries;
  const imageValues = numImage * llm.hiddenSize;
  const program = createProgram(engine, {
    variables: shapes,
    functions: {
      images: {
        inputs: visualSpec(mfam, taps, batchSize),
        body: (variables, inputs) => ({
          outputs: { images: episodeImages(mfamTokens(frozenParameters(variables), mfam, visualOf(mfam, inputs))) },
        }),
      },
      scores: {
        inputs: {
          images: { shape: [batchSize * size, numImage, llm.hiddenSize], dtype: 'float32' },
          prefix: { shape: [batchSize, 1], dtype: 'int32' },
          suffix: { shape: [batchSize, size * instruction.length], dtype: 'int32' },
          answer: { shape: [batchSize, size], dtype: 'int32' },
        },
        body: (variables, inputs) => {
          const { images, prefix, suffix, answer } = inputs;
          const text = { prefix: prefix!, suffix: suffix!, answer: answer! };
          const logits = episodeLogits(frozenParameters(variables), llm, images!, text);
          return {
            outputs: { probabilities: logits.slice([0, size - 1, 0], [batchSize, 1, llm.vocabSize]).softmax() },
          };
        },
      },
    },
  });
  program.assignAll(Object.keys(shapes).map((key) => [key, spec.weights[key]!.values]));
  const known = new Map<number, Float32Array>();
  const learn = (rows: readonly number[]): void => {
    const unknown = [...new Set(rows)].filter((row) => !known.has(row));
    for (let start = 0; start < unknown.length; start += batchSize) {
      const batch = unknown.slice(start, start + batchSize);
      const filled = Array.from({ length: batchSize }, (_, i) => batch[i] ?? batch[0]!);
      const { images } = program.run('images', visualBatch(mfam, taps, filled));
      batch.forEach((row, i) => known.set(row, images!.slice(i * imageValues, (i + 1) * imageValues)));
    }
  };
  const digits = ['1', '2', '3', '4', '5'].map((digit) => tokenizer.encode(digit)[0]!);
  const prefix = new Int32Array(batchSize).fill(tokenizer.beginId);
  const suffix = Int32Array.from(
    { length: batchSize * size * instruction.length },
    (_, i) => instruction[i % instruction.length]!,
  );
  const batch = (episodes: readonly Episode[]): EpisodeAnswer[] => {
    const images = new Float32Array(batchSize * size * imageValues);
    const answer = new Int32Array(batchSize * size);
    episodes.forEach(({ rows, scores }, i) => {
      rows.forEach((row, j) => images.set(known.get(row)!, (i * size + j) * imageValues));
      scores.forEach((score, j) => (answer[i * size + j] = tokenizer.encode(String(score))[0]!));
    });
    const { probabilities } = program.run('scores', { images, prefix, suffix, answer });
    return episodes.map((_, i) => {
      const row = probabilities!.subarray(i * llm.vocabSize, (i + 1) * llm.vocabSize);
      const weights = digits.map((id) => row[id]!);
      const sum = weights.reduce((a, b) => a + b, 0);
      return {
        text: tokenizer.decode([row.indexOf(Math.max(...row))]),
        expected: weights.reduce((a, weight, digit) => a + (weight / sum) * (digit + 1), 0),
      };
    });
  };
  return {
    answer: (episodes) => {
      learn(episodes.flatMap(({ rows }) => rows));
      const all: EpisodeAnswer[] = [];
      for (let start = 0; start < episodes.length; start += batchSize)
        all.push(...batch(episodes.slice(start, start + batchSize)));
      return all;
    },
    close: () => program.dispose(),
  };
}

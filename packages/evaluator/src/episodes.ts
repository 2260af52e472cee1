// Scores at the end of an episode: the image tokens of every photograph once, then the language model reads an episode and
// answers.
import { CalmError, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import type { Engine, Precision } from '@calm-orch/engine';
import {
  createImageReader,
  createTextGenerator,
  ratingScale,
  type EpisodePrompt,
  type Generated,
  type Taps,
  type Tokenizer,
  type WeightReader,
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
  /** Expectation over the scores 1..5; null where the answer does not begin as one. */
  readonly expected: number | null;
}

export interface EpisodeReader {
  answer(episodes: readonly Episode[]): Promise<EpisodeAnswer[]>;
  close(): void;
}

export interface EpisodeReaderSpec {
  /** `levels` are those that stand for a photograph. */
  readonly mfam: MfamConfig;
  readonly llm: LlmConfig;
  readonly weights: Weights | WeightReader;
  /** bf16: matrices are kept as bfloat16. @default 'fp32' */
  readonly precision?: Precision;
  readonly taps: Taps;
  readonly tokenizer: Tokenizer;
  readonly prompt: EpisodePrompt;
  /** Photographs of an episode. */
  readonly size: number;
  readonly batchSize: number;
}

export function createEpisodeReader(engine: Engine, spec: EpisodeReaderSpec): EpisodeReader {
  const { mfam, llm, weights, precision = 'fp32', taps, tokenizer, prompt, size, batchSize } = spec;
  const { head, leads, suffix, answers, answerTokens } = prompt;
  const expectation = ratingExpectation(answers);
  const images = createImageReader(engine, { mfam, llm, weights, precision, taps, batchSize });
  const perTurn = leads[0].length + images.tokensPerImage + suffix.length + answerTokens;
  const texts = createTextGenerator(engine, {
    llm,
    weights,
    precision,
    batchSize,
    promptTokens: head.length + size * perTurn - answerTokens,
    answerTokens,
    stopIds: [tokenizer.endId],
    watch: expectation.watch,
  });
  const known = new Map<number, Float32Array>();
  const learn = async (rows: readonly number[]): Promise<void> => {
    const unknown = [...new Set(rows)].filter((row) => !known.has(row));
    (await images.read(unknown)).forEach((image, i) => known.set(unknown[i]!, image));
  };
  /** As in training: padded to the longest. */
  const answerOf = (score: number): number[] =>
    Array.from({ length: answerTokens }, (_, i) => answers[score - 1]![i] ?? 0);
  return {
    answer: async (episodes) => {
      await learn(episodes.flatMap(({ rows }) => rows));
      const requests = episodes.map(({ rows, scores }) => ({
        id: rows.join(),
        prompt: rows.flatMap((row, i) => [
          { text: [...(i === 0 ? [...head, ...leads[0]] : [...answerOf(scores[i - 1]!), ...leads[1]])] },
          { image: known.get(row)! },
          { text: suffix },
        ]),
      }));
      return texts.generate(requests).map((answer) => ({
        text: tokenizer.decode(answer.ids),
        expected: expectation.read(answer),
      }));
    },
    close: () => {
      images.close();
      texts.close();
    },
  };
}

/**
 * Mean of the scores, weighted by the probabilities of the tokens that tell them apart; null where the answer begins
 * otherwise than all of them.
 * @throws CalmError `invalid_config` where no one token tells them apart
 */
export function ratingExpectation(answers: EpisodePrompt['answers']) {
  const [one] = answers;
  const place = one!.findIndex((id, i) => answers.some((other) => other[i] !== id));
  const watch = answers.map((ids) => ids[place]);
  if (watch.includes(undefined) || new Set(watch).size < watch.length)
    throw new CalmError(
      'invalid_config',
      `personal scores: the tokenizer does not tell ${ratingScale.join(', ')} apart by one token (got ${JSON.stringify(answers)})`,
    );
  return {
    watch: watch as number[],
    read: ({ ids, probabilities }: Generated): number | null => {
      const weights = probabilities[place];
      if (weights === undefined || one!.slice(0, place).some((id, i) => ids[i] !== id)) return null;
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.reduce((total, weight, i) => total + (weight / sum) * ratingScale[i]!, 0);
    },
  };
}

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { nano, rng, type LlmConfig, type MfamConfig } from '@calm-orch/core';
import { createProgram, startEngine } from '@calm-orch/engine';
import {
  createImageReader,
  createWordTokenizer,
  episodeLogits,
  episodePrompt,
  frozenParameters,
  initialWeights,
  llmShapes,
  memoryTaps,
  mfamShapes,
  openLlamaTokenizer,
  type EpisodePrompt,
  type Tokenizer,
} from '@calm-orch/model';
import { createEpisodeReader, ratingExpectation, type Episode } from './episodes.ts';

const engine = await startEngine();
const mfam: MfamConfig = {
  ...nano.mfam,
  levels: ['high', 'low'],
  taps: { low: 0, middle: 1, high: 2, thematic: 2 },
  queries: 2,
  hiddenSize: 8,
  numHeads: 2,
  numLayers: 1,
  mlpSize: 8,
};
const llmOf = ({ vocabSize }: Tokenizer): LlmConfig => ({
  ...nano.llm,
  hiddenSize: 16,
  numLayers: 2,
  numHeads: 2,
  numKeyValueHeads: 2,
  mlpSize: 16,
  vocabSize,
  maxPositions: 512,
});
const draw = rng('episodes test');
const photos = ['a', 'b', 'c', 'd', 'e'];
const [tokens, width] = [3, 8];
const states = new Map(
  [0, 1, 2].map((layer) => [
    layer,
    Float32Array.from({ length: photos.length * tokens * width }, () => draw.normal(0, 0.5)),
  ]),
);
const taps = memoryTaps(photos, tokens, width, states);
const episodes: Episode[] = [
  { rows: [0, 1, 2], scores: [4, 1] },
  { rows: [3, 0, 4], scores: [2, 5] },
];
const size = 3;

function readerOf(tokenizer: Tokenizer, prompt: EpisodePrompt) {
  const llm = llmOf(tokenizer);
  const weights = initialWeights({ ...mfamShapes(mfam, taps, llm), ...llmShapes(llm) }, 7, () => 0.3);
  const spec = { mfam, llm, weights, taps };
  return { spec, reader: createEpisodeReader(engine, { ...spec, tokenizer, prompt, size, batchSize: 2 }) };
}

/** Probabilities [A][V] of the last answer's tokens, as training computes them, where it is `said`. */
async function trainingProbabilities(
  { spec }: ReturnType<typeof readerOf>,
  { head, leads, suffix, answers, answerTokens }: EpisodePrompt,
  { rows, scores }: Episode,
  said: readonly number[],
): Promise<Float32Array[]> {
  const { llm, weights } = spec;
  const lead = [...leads[0], ...leads[1], ...leads[1]];
  const last = Array.from({ length: answerTokens }, (_, i) => said[i] ?? 0);
  const int = (length: number) => ({ shape: [1, length], dtype: 'int32' as const });
  const images = createImageReader(engine, { ...spec, batchSize: 1 });
  const program = createProgram(engine, {
    variables: llmShapes(llm),
    functions: {
      logits: {
        inputs: {
          images: { shape: [size, images.tokensPerImage, llm.hiddenSize], dtype: 'float32' },
          prefix: int(head.length),
          ...(lead.length > 0 && { lead: int(lead.length) }),
          suffix: int(size * suffix.length),
          answer: int(size * answerTokens),
        },
        body: (variables, inputs) => {
          const text = {
            prefix: inputs['prefix']!,
            ...(inputs['lead'] && { lead: inputs['lead'] }),
            suffix: inputs['suffix']!,
            answer: inputs['answer']!,
          };
          return {
            outputs: { all: episodeLogits(frozenParameters(variables), llm, inputs['images']!, text).softmax() },
          };
        },
      },
    },
  });
  program.assignAll(Object.keys(llmShapes(llm)).map((key) => [key, weights[key]!.values]));
  const { all } = program.run('logits', {
    images: Float32Array.from((await images.read(rows)).flatMap((image) => [...image])),
    prefix: Int32Array.from(head),
    ...(lead.length > 0 && { lead: Int32Array.from(lead) }),
    suffix: Int32Array.from(Array.from({ length: size }, () => suffix).flat()),
    answer: Int32Array.from([...scores.flatMap((score) => answers[score - 1]!), ...last]),
  });
  program.dispose();
  images.close();
  const first = (size - 1) * answerTokens;
  return Array.from({ length: answerTokens }, (_, i) =>
    all!.slice((first + i) * llm.vocabSize, (first + i + 1) * llm.vocabSize),
  );
}
const mostProbable = (row: Float32Array): number => row.indexOf(Math.max(...row));

it('weighs the five scores by the probabilities that training gives them', async () => {
  const digits = Array.from({ length: 10 }, (_, i) => String(i));
  const tokenizer = createWordTokenizer(['rate', 'this', 'photo', '.', ...digits]);
  const prompt = episodePrompt(tokenizer, 'nano', 'rate this photo .');
  const made = readerOf(tokenizer, prompt);
  const answers = await made.reader.answer(episodes);
  for (const [i, episode] of episodes.entries()) {
    const [row] = await trainingProbabilities(made, prompt, episode, []);
    const weights = prompt.answers.map(([id]) => row![id!]!);
    const sum = weights.reduce((a, b) => a + b, 0);
    expect(answers[i]!.expected).toBeCloseTo(
      weights.reduce((all, weight, at) => all + (weight / sum) * (at + 1), 0),
      4,
    );
    expect(answers[i]!.text).toBe(tokenizer.decode([mostProbable(row!)]));
  }
  made.reader.close();
});

it('writes an answer of several tokens one after the other, as training predicts them', async () => {
  const tokenizer = openLlamaTokenizer(fileURLToPath(new URL('../../model/fixtures/tokenizer', import.meta.url)));
  const prompt = episodePrompt(tokenizer, 'vicuna_v1', 'Rate it.');
  expect(prompt.answerTokens).toBeGreaterThan(1);
  const made = readerOf(tokenizer, prompt);
  const answers = await made.reader.answer(episodes);
  for (const [i, episode] of episodes.entries()) {
    const said: number[] = [];
    while (said.length < prompt.answerTokens) {
      const id = mostProbable((await trainingProbabilities(made, prompt, episode, said))[said.length]!);
      said.push(id);
      if (id === tokenizer.endId) break;
    }
    expect(answers[i]!.text).toBe(tokenizer.decode(said));
  }
  made.reader.close();
});

it('weighs the scores at the token that tells them apart, where the answer begins as theirs do', () => {
  const { watch, read } = ratingExpectation([1, 2, 3, 4, 5].map((score) => [90, score, 2]));
  expect(watch).toEqual([1, 2, 3, 4, 5]);
  const probabilities = [Float32Array.of(1, 0, 0, 0, 0), Float32Array.of(0, 0.1, 0, 0.3, 0)];
  expect(read({ ids: [90, 4], probabilities, stopped: true })).toBeCloseTo(3.5, 6);
  expect(read({ ids: [91, 4], probabilities, stopped: true })).toBeNull();
  expect(read({ ids: [], probabilities: [Float32Array.of(1, 0, 0, 0, 0)], stopped: true })).toBeNull();
  expect(() => ratingExpectation([1, 2, 3, 4, 5].map(() => [90, 0, 2]))).toThrow(/does not tell 1, 2, 3, 4, 5 apart/);
});

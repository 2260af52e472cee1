import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { nano, rng, type LlmConfig } from '@calm-orch/core';
import { startEngine, tf } from '@calm-orch/engine';
import { episodeLogits } from './episode.ts';
import { episodePrompt, ratingScale, type EpisodePrompt } from './episode-prompt.ts';
import { imageId, vicunaSequence } from './prompts.ts';
import { initialWeights } from '../layers/initialize.ts';
import { embedTokens, llamaHidden, llmShapes, logitsOf } from '../layers/llama.ts';
import { frozenParameters } from '../layers/parameter.ts';
import { createLlamaTokenizer } from '../tokenizers/llama-tokenizer.ts';
import { writeLlama2Json } from '../tokenizers/llama2.test-util.ts';
import { readSentencePiece } from '../tokenizers/sentencepiece.ts';
import { readTokenizerJson } from '../tokenizers/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { createWordTokenizer } from '../tokenizers/word-tokenizer.ts';

await startEngine();
const dir = mkdtempSync(join(tmpdir(), 'calm-orch-episode-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const sentencePiece = createLlamaTokenizer(
  readSentencePiece(fileURLToPath(new URL('../../fixtures/tokenizer/tokenizer.model', import.meta.url))),
);
const llama2 = createLlamaTokenizer(readTokenizerJson(writeLlama2Json(join(dir, 'tokenizer.json'))));
const words = createWordTokenizer(['rate', 'this', 'photo', '.', ...Array.from({ length: 10 }, (_, i) => String(i))]);
const instruction = 'How would this user rate this photo?';

/** Ids of an episode of these scores, with `imageId` where photographs stand. */
function idsOf({ head, leads, suffix, answers }: EpisodePrompt, scores: readonly number[]): number[] {
  const turns = scores.flatMap((score, i) => [...leads[i === 0 ? 0 : 1], imageId, ...suffix, ...answers[score - 1]!]);
  return [...head, ...turns];
}

describe('the texts of an episode', () => {
  it.each<[string, Tokenizer]>([
    ['SentencePiece', sentencePiece],
    ["LLaMA-2's tokenizer.json", llama2],
  ])("are Vicuna's conversation of as many turns (%s)", (_, tokenizer) => {
    const prompt = episodePrompt(tokenizer, 'vicuna_v1', instruction);
    const scores = [4, 1, 5];
    const turns = scores.map((score) => ({ question: `<image>\n${instruction}`, answer: String(score) }));
    expect(idsOf(prompt, scores)).toEqual(vicunaSequence(tokenizer, turns).ids);
    expect(prompt.leads[0]).toHaveLength(prompt.leads[1].length);
    expect(prompt.answerTokens).toBeGreaterThan(1);
    expect(tokenizer.decode(prompt.answers[3]!)).toBe('4');
  });

  it('have answers without an end where each score is one token, and with it otherwise', () => {
    const nanoPrompt = episodePrompt(words, 'nano', 'rate this photo .');
    expect(nanoPrompt).toMatchObject({ head: [1], leads: [[], []], suffix: [3, 4, 5, 6], answerTokens: 1 });
    expect(nanoPrompt.answers).toEqual(ratingScale.map((score) => [7 + score]));
    const { answers } = episodePrompt(sentencePiece, 'nano', 'rate this photo .');
    expect(answers.map((answer) => answer.at(-1))).toEqual(ratingScale.map(() => sentencePiece.endId));
  });
});

describe('the logits of an episode', () => {
  it('are those of its whole sequence, at the tokens before the answers', () => {
    const llm: LlmConfig = {
      ...nano.llm,
      hiddenSize: 16,
      numLayers: 2,
      numHeads: 2,
      numKeyValueHeads: 2,
      mlpSize: 24,
      vocabSize: sentencePiece.vocabSize,
      maxPositions: 512,
    };
    const weights = initialWeights(llmShapes(llm), 1, () => 0.3);
    const variables = Object.entries(weights).map(([key, { values, shape }]) => [key, tf.tensor(values, [...shape])]);
    const parameters = frozenParameters(Object.fromEntries(variables) as Record<string, Tensor>);
    const prompt = episodePrompt(sentencePiece, 'vicuna_v1', instruction);
    const { head, leads, suffix, answers, answerTokens } = prompt;
    const scores = [2, 5, 3];
    const numImage = 3;
    const draw = rng('episode test');
    const images = tf.tensor3d(
      Float32Array.from({ length: scores.length * numImage * 16 }, () => draw.normal(0, 0.3)),
      [scores.length, numImage, 16],
    );
    const ids = (list: readonly number[]) => tf.tensor2d(Int32Array.from(list), [1, list.length], 'int32');
    const given = episodeLogits(parameters, llm, images, {
      prefix: ids(head),
      lead: ids([...leads[0], ...leads[1], ...leads[1]]),
      suffix: ids(scores.flatMap(() => suffix)),
      answer: ids(scores.flatMap((score) => answers[score - 1]!)),
    });
    const whole = idsOf(prompt, scores);
    const pieces = whole.map((id) => (id === imageId ? null : embedTokens(parameters, ids([id]))));
    let image = 0;
    const sequence = tf.concat(
      pieces.map((piece) => piece ?? images.slice([image++, 0, 0], [1, numImage, 16])),
      1,
    );
    const all = logitsOf(parameters, llm, llamaHidden(parameters, llm, sequence));
    /** Where in the sequence the id at `i` stands. */
    const place = (i: number): number => i + (numImage - 1) * whole.slice(0, i).filter((id) => id === imageId).length;
    let at = head.length;
    const places = scores.flatMap(() => {
      const first = at + leads[0].length + 1 + suffix.length;
      at = first + answerTokens;
      return Array.from({ length: answerTokens }, (_, i) => place(first + i) - 1);
    });
    const expected = tf.gather(all.reshape([-1, llm.vocabSize]), places).dataSync();
    expect(given.shape).toEqual([1, scores.length * answerTokens, llm.vocabSize]);
    const difference = given.dataSync().map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...difference)).toBeLessThan(1e-4);
  });
});

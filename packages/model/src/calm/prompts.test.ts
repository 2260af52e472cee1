import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { captionPrompt, conversationPrompt, imageId, instructionPrompt, vicunaSequence } from './prompts.ts';
import { createLlamaTokenizer } from '../tokenizers/llama-tokenizer.ts';
import { writeLlama2Json } from '../tokenizers/llama2.test-util.ts';
import { readSentencePiece } from '../tokenizers/sentencepiece.ts';
import { readTokenizerJson } from '../tokenizers/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Golden {
  readonly vicuna: readonly { readonly turns: [string, string][]; readonly ids: number[]; readonly labels: number[] }[];
  readonly plain: readonly { readonly caption: string; readonly ids: number[] }[];
}
const goldenOf = (name: string): Golden =>
  JSON.parse(readFileSync(at(`../../fixtures/tokenizer/${name}`), 'utf8')) as Golden;
const dir = mkdtempSync(join(tmpdir(), 'calm-orch-prompts-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const llama2 = writeLlama2Json(join(dir, 'tokenizer.json'));

const cases: [string, Tokenizer, Golden][] = [
  [
    'SentencePiece',
    createLlamaTokenizer(readSentencePiece(at('../../fixtures/tokenizer/tokenizer.model'))),
    goldenOf('golden.json'),
  ],
  ["LLaMA-2's tokenizer.json", createLlamaTokenizer(readTokenizerJson(llama2)), goldenOf('golden-llama2.json')],
];

describe.each(cases)('with the tokenizer of %s', (_, tokenizer, golden) => {
  it('a conversation has the ids and the answer mask of LLaVA', () => {
    for (const { turns, ids, labels } of golden.vicuna) {
      const sequence = vicunaSequence(
        tokenizer,
        turns.map(([question, answer], i) => ({ question: i === 0 ? `<image>\n${question}` : question, answer })),
      );
      expect(sequence.ids).toEqual(ids);
      expect(sequence.ids.map((id, i) => (sequence.isAnswer[i] === true ? id : -100))).toEqual(labels);
    }
  });

  it('prompt and answer of one question are the parts of its conversation', () => {
    const { turns, ids } = golden.vicuna[0]!;
    const [question, answer] = turns[0]!;
    const prompt = instructionPrompt(tokenizer, 'vicuna_v1', question);
    expect([...prompt.prefix, imageId, ...prompt.suffix, ...prompt.answer(answer)]).toEqual(ids);
    const pair = instructionPrompt(tokenizer, 'vicuna_v1', question, 2);
    expect([pair.prefix, pair.suffix]).toEqual([prompt.prefix, prompt.suffix]);
  });

  it('a conversation is what follows the photographs, and its answers are those of LLaVA', () => {
    for (const { turns, ids, labels } of golden.vicuna) {
      const asked = turns.map(([question, answer]) => ({ question, answer }));
      const one = conversationPrompt(tokenizer, 'vicuna_v1', asked);
      expect([...one.prefix, imageId, ...one.ids]).toEqual(ids);
      expect(one.ids.map((id, i) => (one.isAnswer[i] === true ? id : -100))).toEqual(labels.slice(-one.ids.length));
      const two = conversationPrompt(tokenizer, 'vicuna_v1', asked, 2);
      expect([two.prefix, two.ids]).toEqual([one.prefix, one.ids]);
    }
  });

  it('a caption ends with a line feed in the plain template', () => {
    const prompt = captionPrompt(tokenizer, 'vicuna_v1');
    for (const { caption, ids } of golden.plain)
      expect([...prompt.prefix, imageId, ...prompt.suffix, ...prompt.answer(caption)]).toEqual(ids);
  });

  it('a conversation longer than the model reads is cut', () => {
    const turns = [{ question: '<image>\nwhat?', answer: 'this' }];
    const whole = vicunaSequence(tokenizer, turns);
    const cut = vicunaSequence(tokenizer, turns, 12);
    expect(cut.ids).toEqual(whole.ids.slice(0, 12));
    expect(cut.isAnswer).toHaveLength(12);
  });
});

describe('the template nano', () => {
  it('is begin, photograph, instruction, answer, end', () => {
    const tokenizer = cases[0]![1];
    const prompt = instructionPrompt(tokenizer, 'nano', 'rate this');
    expect(prompt.prefix).toEqual([1]);
    expect(prompt.suffix).toEqual(tokenizer.encode('rate this'));
    expect(prompt.answer('7')).toEqual([...tokenizer.encode('7'), 2]);
    expect(captionPrompt(tokenizer, 'nano').answer('7')).toEqual([...tokenizer.encode('7'), 2]);
  });
});

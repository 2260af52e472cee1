import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openLlamaTokenizer } from './llama-tokenizer.ts';
import { smallTokenizerJson, smallVocabSize } from './small-tokenizer.ts';

const dir = mkdtempSync(join(tmpdir(), 'calm-orch-small-tokenizer-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('has a piece for each word and each digit, and spells the rest', () => {
  const words = ['photo', 'phone', 'USER:', 'f16'];
  writeFileSync(join(dir, 'tokenizer.json'), smallTokenizerJson(words));
  const tokenizer = openLlamaTokenizer(dir);
  expect(tokenizer.vocabSize).toBe(smallVocabSize(words));
  expect(tokenizer.encode('photo phone photo')).toHaveLength(3);
  expect(tokenizer.encode('USER: 5.25')).toHaveLength(1 + 1 + 4);
  expect(tokenizer.continuation('10')).toHaveLength(2);
  for (const text of ['photo 5.25', 'a phön, f16!', 'line\nfeed'])
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  expect(tokenizer.encode('photo </s>').at(-1)).toBe(tokenizer.endId);
});

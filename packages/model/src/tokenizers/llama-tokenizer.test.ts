import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CalmError } from '@calm-orch/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createLlamaTokenizer, openLlamaTokenizer } from './llama-tokenizer.ts';
import { peer, writeLlama2Json } from './llama2.test-util.ts';
import { readSentencePiece } from './sentencepiece.ts';
import { readTokenizerJson } from './tokenizer-json.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/tokenizer/${name}`, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'calm-orch-tokenizer-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let count = 0;
const fileOf = (content: string | Buffer): string => {
  const path = join(dir, `${count++}`);
  writeFileSync(path, content);
  return path;
};

interface Row {
  readonly text: string;
  readonly ids: number[];
}
const goldenOf = (name: string) => JSON.parse(readFileSync(fixture(name), 'utf8')) as { texts: Row[]; decoded?: Row[] };
const model = createLlamaTokenizer(readSentencePiece(fixture('tokenizer.model')));
const json = createLlamaTokenizer(readTokenizerJson(fixture('tokenizer.json')));
const llama2 = createLlamaTokenizer(readTokenizerJson(writeLlama2Json(join(dir, 'llama2.json'))));

describe("LLaMA's tokenizer", () => {
  it.each([
    ['tokenizer.model gives the ids of SentencePiece', model, 'golden.json'] as const,
    ['tokenizer.json gives the same', json, 'golden.json'] as const,
    ['the full vocabulary of LLaMA-2 gives the ids of Hugging Face tokenizers', llama2, 'golden-llama2.json'] as const,
  ])('%s', (_, tokenizer, golden) => {
    for (const { text, ids } of goldenOf(golden).texts) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  it('decodes as SentencePiece does, up to the end', () => {
    for (const { text, ids } of goldenOf('golden.json').decoded!)
      if (!ids.some((id) => id < 3)) expect(model.decode(ids)).toBe(text);
    expect(model.decode([1, ...model.encode('a photo'), 2, ...model.encode('more')])).toBe('a photo');
  });

  it('knows the words levels and scores are read by', () => {
    const ids = ['excellent', 'good', 'fair', 'poor', 'bad'].map((word) => llama2.encode(word));
    expect(ids).toEqual([[15129], [1781], [6534], [6460], [4319]]);
    expect(llama2.encode('Score: 5.42')).toEqual([2522, 487, 29901, 29871, 29945, 29889, 29946, 29906]);
    for (const text of ['Soft light; 5.42', 'naïve 你好 🙂', 'a  b\n'])
      expect(llama2.encode(text)).toEqual(peer.encode(text, false, true));
    expect(llama2.continuation('5')).toEqual([29945]);
    expect(llama2.continuation('.')).toEqual([29889]);
  });

  it('takes </s> in a text for the end, and begins a word after it', () => {
    const ids = llama2.encode('5.42</s>USER: and');
    expect(ids.slice(ids.indexOf(2))).toEqual([2, 3148, 1001, 29901, 322]);
    expect([llama2.unknownId, llama2.beginId, llama2.endId]).toEqual([0, 1, 2]);
  });

  it('spells every text, and model and json agree on all of them', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(texts, (text) => {
        const ids = model.encode(text);
        expect(json.encode(text)).toEqual(ids);
        if (!/<s>|<unk>|▁/.test(text) && !text.includes('</s>')) expect(model.decode(ids)).toBe(text);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it('is quick on a long text', () => {
    const text = 'The soft photo is dark and noisy, score 7.42. '.repeat(2000);
    expect(model.encode(text).length).toBeGreaterThan(10_000);
  });

  it('is found in a model folder', () => {
    expect(openLlamaTokenizer(fixture('')).vocabSize).toBe(512);
    expect(() => openLlamaTokenizer(dir)).toThrow(/expected tokenizer.json or tokenizer.model/);
  });
});

describe('a tokenizer file that is none', () => {
  const messageOf = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(CalmError);
      return (error as CalmError).message;
    }
    return 'no error';
  };

  it('is told by name: other models, normalizers, pre-tokenizers, holes', () => {
    const change = (edit: (value: Record<string, never>) => void): string => {
      const value = JSON.parse(readFileSync(fixture('tokenizer.json'), 'utf8')) as Record<string, never>;
      edit(value);
      const path = fileOf(JSON.stringify(value));
      return messageOf(() => createLlamaTokenizer(readTokenizerJson(path)));
    };
    const at = (value: Record<string, never>): Record<string, unknown> => value;
    expect(change((v) => (at(v['model']!)['type'] = 'Unigram'))).toMatch(/expected "BPE"/);
    expect(change((v) => (at(v)['normalizer'] = { type: 'NFKC' }))).toMatch(/NFKC.*not computed here/);
    expect(change((v) => (at(v)['pre_tokenizer'] = { type: 'ByteLevel' }))).toMatch(/ByteLevel.*not computed here/);
    expect(change((v) => (at(v['model']!['vocab'])['new'] = 600))).toMatch(/no piece has the id 512/);
    expect(change((v) => delete at(v['model']!['vocab'])['<0x41>'])).toMatch(/no piece has the id 68/);
    expect(messageOf(() => readTokenizerJson(fileOf('{')))).toMatch(/:1:2: expected JSON, got the end of the file/);
    expect(messageOf(() => readTokenizerJson(fileOf('null')))).toMatch(/expected model.vocab/);
    expect(messageOf(() => readTokenizerJson(join(dir, 'none')))).toMatch(/is not there/);
  });

  it('is an error and nothing else, whatever bytes are cut or exchanged', () => {
    const whole = readFileSync(fixture('tokenizer.model'));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (place, byte, length) => {
        const bytes = Buffer.from(whole.subarray(0, length));
        if (place < length) bytes[place] = byte;
        const path = fileOf(bytes);
        try {
          createLlamaTokenizer(readSentencePiece(path)).encode('a photo 5.42');
        } catch (error) {
          expect(error).toBeInstanceOf(CalmError);
          expect((error as CalmError).message).toContain(path);
        }
        rmSync(path);
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});

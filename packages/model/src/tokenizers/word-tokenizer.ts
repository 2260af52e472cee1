// The nano preset's tokenizer: a closed list of words, digits one by one as in LLaMA, and LLaMA's special ids.
import { CalmError } from '@calm-orch/core';
import type { Tokenizer } from './tokenizer.ts';

const special = ['<unk>', '<s>', '</s>'] as const;

/** A word-level tokenizer over `words`; the order of the list gives the ids, from 3 on. */
export function createWordTokenizer(words: readonly string[]): Tokenizer {
  const all = [...special, ...words];
  const ids = new Map(all.map((word, id) => [word, id]));
  const encode = (text: string): number[] =>
    (text.toLowerCase().match(/\d|[.,?!]|[^\s\d.,?!]+/g) ?? []).map((word) => ids.get(word) ?? 0);
  if (ids.size !== all.length) throw new CalmError('bad_data', 'vocabulary: every word must occur once');
  return {
    vocabSize: all.length,
    unknownId: 0,
    beginId: 1,
    endId: 2,
    encode,
    continuation: encode,
    decode: (list) => {
      const out: string[] = [];
      for (const id of list) {
        if (id === 2) break;
        if (id !== 1) out.push(all[id] ?? special[0]);
      }
      return out
        .join(' ')
        .replace(/(\d) (?=[\d.])/g, '$1')
        .replace(/(\d\.) (?=\d)/g, '$1');
    },
  };
}

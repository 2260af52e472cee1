// The nano preset's tokenizer: a closed list of words, digits one by one as in LLaMA, and LLaMA's special ids.
import { CalmError } from '@calm-orch/core';

export interface Tokenizer {
  readonly vocabSize: number;
  /** 0, also the padding, as LLaVA does. */
  readonly unknownId: number;
  readonly beginId: number;
  readonly endId: number;
  /** Ids without begin or end. */
  encode(text: string): number[];
  /** Words joined by spaces, up to the first end id; a number's digits are joined ("7.4"). */
  decode(ids: Iterable<number>): string;
}

const special = ['<unk>', '<s>', '</s>'] as const;

/** A word-level tokenizer over `words`; the order of the list gives the ids, from 3 on. */
export function createWordTokenizer(words: readonly string[]): Tokenizer {
  const all = [...special, ...words];
  const ids = new Map(all.map((word, id) => [word, id]));
  if (ids.size !== all.length) throw new CalmError('bad_data', 'vocabulary: every word must occur once');
  return {
    vocabSize: all.length,
    unknownId: 0,
    beginId: 1,
    endId: 2,
    encode: (text) => (text.toLowerCase().match(/\d|[.,?!]|[^\s\d.,?!]+/g) ?? []).map((word) => ids.get(word) ?? 0),
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

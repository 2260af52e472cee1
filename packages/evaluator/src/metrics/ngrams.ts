// N-gram counts with integers for n-grams: BLEU and CIDEr compare millions of them, and strings as keys would cost
// most of the time. One counter serves one corpus; ids mean nothing outside it.
import { CalmError } from '@calm-orch/core';

/** Longest n-gram counted; BLEU-1..4 and CIDEr both go to 4. */
export const maxOrder = 4;

/** Room for 2^21 distinct tokens and 2^32 distinct n-grams in one exact double. */
const maxTokens = 2 ** 21;

export interface NgramCounts {
  /** Tokens of the text. */
  readonly length: number;
  /** Per order (index 0: unigrams), n-gram id -> occurrences, in order of first occurrence. */
  readonly orders: readonly ReadonlyMap<number, number>[];
}

/** Returns a function that counts a text's n-grams; equal n-grams have equal ids in all texts it is given. */
export function createNgramCounter(): (tokens: readonly string[]) => NgramCounts {
  const tokenIds = new Map<string, number>();
  const ngramIds = new Map<number, number>();

  const tokenId = (token: string): number => {
    const known = tokenIds.get(token);
    if (known !== undefined) return known;
    const id = tokenIds.size;
    if (id === maxTokens) {
      throw new CalmError('bad_data', `caption metrics: more than ${maxTokens} distinct tokens; evaluate fewer items`);
    }
    tokenIds.set(token, id);
    return id;
  };
  /** The id of the n-gram that continues n-gram `prefix` (0: none) with `token`; ids start at 1. */
  const ngramId = (prefix: number, token: number): number => {
    const key = prefix * maxTokens + token;
    const known = ngramIds.get(key);
    if (known !== undefined) return known;
    const id = ngramIds.size + 1;
    ngramIds.set(key, id);
    return id;
  };

  return (tokens) => {
    const ids = tokens.map(tokenId);
    const orders = Array.from({ length: maxOrder }, () => new Map<number, number>());
    for (let start = 0; start < ids.length; start++) {
      let ngram = 0;
      for (let order = 0; order < maxOrder && start + order < ids.length; order++) {
        ngram = ngramId(ngram, ids[start + order]!);
        const counts = orders[order]!;
        counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
      }
    }
    return { length: tokens.length, orders };
  };
}

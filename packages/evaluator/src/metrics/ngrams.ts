// N-gram counts with integers for n-grams: BLEU and CIDEr compare millions of them, and strings as keys would cost
// most of the time. One counter serves one corpus; ids mean nothing outside it, and are small, so that what is known of an
// n-gram can lie in an array.
import { CalmError } from '@calm-orch/core';

/** Longest n-gram counted; BLEU-1..4 and CIDEr both go to 4. */
export const maxOrder = 4;

const maxNgrams = 2 ** 29;

/** The different n-grams of one order in a text, in order of first occurrence. Plain arrays: so many short typed ones are slow to make. */
export interface Ngrams {
  readonly ids: readonly number[];
  /** How often each occurs. */
  readonly counts: readonly number[];
}

export interface NgramCounts {
  /** Tokens of the text. */
  readonly length: number;
  /** Per order (index 0: unigrams). Ids are unique over the orders, and start at 1. */
  readonly orders: readonly Ngrams[];
}

export interface NgramCounter {
  /** Counts a text's n-grams; equal n-grams have equal ids in all texts. */
  count(tokens: readonly string[]): NgramCounts;
  /** One more than the greatest id so far. */
  endId(): number;
}

export function createNgramCounter(): NgramCounter {
  const tokenIds = createTokenIds();
  const table = createPairTable();
  /** Place of an n-gram among those of the text and order being counted; valid where `stamps` says so. */
  let places = new Int32Array(1024);
  let stamps = new Int32Array(1024);
  let stamp = 0;
  return {
    endId: () => table.size() + 1,
    count: (tokens) => {
      const ids = tokenIds(tokens);
      /** The n-gram of the order before at each place. */
      const prefixes = ids.map(() => 0);
      const orders: Ngrams[] = [];
      for (let order = 0; order < maxOrder; order++) {
        stamp += 1;
        const distinct: number[] = [];
        const counts: number[] = [];
        for (let start = 0; start + order < ids.length; start++) {
          const ngram = table.idOf(prefixes[start]!, ids[start + order]!);
          prefixes[start] = ngram;
          if (ngram >= stamps.length) {
            places = grown(places);
            stamps = grown(stamps);
          }
          if (stamps[ngram] === stamp) {
            counts[places[ngram]!]!++;
            continue;
          }
          stamps[ngram] = stamp;
          places[ngram] = distinct.length;
          distinct.push(ngram);
          counts.push(1);
        }
        orders.push({ ids: distinct, counts });
      }
      return { length: tokens.length, orders };
    },
  };
}

/** Returns a function that numbers tokens from 0; equal tokens have equal numbers in all texts it is given. */
export function createTokenIds(): (tokens: readonly string[]) => number[] {
  const known = new Map<string, number>();
  return (tokens) =>
    tokens.map((token) => {
      let id = known.get(token);
      if (id === undefined) known.set(token, (id = known.size));
      return id;
    });
}

/**
 * Numbers pairs (id of the shorter n-gram, next token) from 1, by open addressing in typed arrays: a Map with keys beyond
 * 32 bits took more than half of the time of BLEU and CIDEr.
 */
function createPairTable(): { idOf(prefix: number, token: number): number; size(): number } {
  let capacity = 1 << 14;
  let [prefixes, tokens, ids] = [new Int32Array(capacity), new Int32Array(capacity), new Int32Array(capacity)];
  let size = 0;
  /** Where the pair is, or the free place where it belongs. */
  const placeOf = (prefix: number, token: number): number => {
    let hash = Math.imul(prefix, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let at = hash & (capacity - 1); ; at = (at + 1) & (capacity - 1))
      if (ids[at] === 0 || (prefixes[at] === prefix && tokens[at] === token)) return at;
  };
  const put = (at: number, prefix: number, token: number, id: number): void => {
    prefixes[at] = prefix;
    tokens[at] = token;
    ids[at] = id;
  };
  const grow = (): void => {
    const [oldPrefixes, oldTokens, oldIds] = [prefixes, tokens, ids];
    capacity *= 2;
    [prefixes, tokens, ids] = [new Int32Array(capacity), new Int32Array(capacity), new Int32Array(capacity)];
    oldIds.forEach((id, i) => {
      if (id !== 0) put(placeOf(oldPrefixes[i]!, oldTokens[i]!), oldPrefixes[i]!, oldTokens[i]!, id);
    });
  };
  return {
    size: () => size,
    idOf: (prefix, token) => {
      const at = placeOf(prefix, token);
      if (ids[at] !== 0) return ids[at]!;
      if (size === maxNgrams)
        throw new CalmError(
          'bad_data',
          `caption metrics: more than ${maxNgrams} distinct n-grams; evaluate fewer items`,
        );
      const id = ++size;
      put(at, prefix, token, id);
      if (2 * size > capacity) grow();
      return id;
    },
  };
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * values.length);
  longer.set(values);
  return longer;
}

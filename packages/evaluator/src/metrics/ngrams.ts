// N-gram counts with integers for n-grams: BLEU and CIDEr compare millions of them, and strings as keys would cost
// most of the time. One counter serves one corpus; ids mean nothing outside it, and are small, so that what is known of an
// n-gram can lie in an array.
import { CalmError } from '@calm-orch/core';

/** Longest n-gram counted; BLEU-1..4 and CIDEr both go to 4. */
export const maxOrder = 4;

const maxNgrams = 2 ** 29;

/**
 * Different n-grams of many texts, of each order in the order of first occurrence, one text behind the other. One array for
 * all: with arrays for each text and order, clearing up after them took a third of the time.
 */
export interface NgramCounts {
  readonly ids: Int32Array;
  /** How often each occurs in its text. */
  readonly counts: Int32Array;
  /** Where those of a text and order begin, at [maxOrder * text + order], and end, one further; order 0 is unigrams. */
  readonly starts: Int32Array;
  /** Tokens of each text. */
  readonly lengths: Int32Array;
  /** One more than the greatest id; ids are unique over the orders, and start at 1. */
  readonly endId: number;
}

export interface NgramCounter {
  /** Counts the n-grams of a text given as numbers of its tokens; equal n-grams have equal ids in all texts. Returns the text's number, from 0. */
  count(tokens: readonly number[]): number;
  /** All counted so far. */
  counted(): NgramCounts;
}

export function createNgramCounter(): NgramCounter {
  const table = createPairTable();
  /** Place of an n-gram in `counts`; the text being counted has it where that is not before `start`. */
  let places = new Int32Array(1024).fill(-1);
  let ids = new Int32Array(1024);
  let counts = new Int32Array(1024);
  let starts = new Int32Array(1024);
  let lengths = new Int32Array(256);
  /** The n-gram of the order before at each place of the text. */
  let prefixes = new Int32Array(64);
  let numTexts = 0;
  let end = 0;
  return {
    counted: () => ({
      ids: ids.subarray(0, end),
      counts: counts.subarray(0, end),
      starts: starts.subarray(0, maxOrder * numTexts + 1),
      lengths: lengths.subarray(0, numTexts),
      endId: table.size() + 1,
    }),
    count: (tokens) => {
      const { length } = tokens;
      const text = numTexts++;
      while (prefixes.length < length) prefixes = grown(prefixes);
      while (ids.length < end + maxOrder * length) [ids, counts] = [grown(ids), grown(counts)];
      if (starts.length <= maxOrder * numTexts) [starts, lengths] = [grown(starts), grown(lengths)];
      prefixes.fill(0, 0, length);
      lengths[text] = length;
      for (let order = 0; order < maxOrder; order++) {
        const start = end;
        for (let at = 0; at + order < length; at++) {
          const ngram = table.idOf(prefixes[at]!, tokens[at + order]!);
          prefixes[at] = ngram;
          if (ngram >= places.length) places = grown(places, -1);
          if (places[ngram]! >= start) {
            counts[places[ngram]!]!++;
            continue;
          }
          places[ngram] = end;
          ids[end] = ngram;
          counts[end++] = 1;
        }
        starts[maxOrder * text + order + 1] = end;
      }
      return text;
    },
  };
}

export interface TokenIds {
  /** Numbers tokens from 0; equal tokens have equal numbers in all texts. */
  idsOf(tokens: readonly string[]): number[];
  /** The same text with its tokens cut at no-break spaces: BLEU and CIDEr of the original cut there too, its ROUGE-L does not. */
  words(ids: readonly number[]): readonly number[];
}

export function createTokenIds(): TokenIds {
  const known = new Map<string, number>();
  /** Words of the tokens that hold a no-break space. */
  const wordsIn = new Map<number, readonly number[]>();
  const idOf = (token: string): number => {
    let id = known.get(token);
    if (id !== undefined) return id;
    id = known.size;
    known.set(token, id);
    if (token.includes('\u00a0')) wordsIn.set(id, token.split('\u00a0').map(idOf));
    return id;
  };
  return {
    idsOf: (tokens) => tokens.map(idOf),
    words: (ids) =>
      wordsIn.size > 0 && ids.some((id) => wordsIn.has(id)) ? ids.flatMap((id) => wordsIn.get(id) ?? [id]) : ids,
  };
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

/** Twice as long; the new places hold `value`. */
function grown(values: Int32Array, value = 0): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * values.length);
  longer.set(values);
  return value === 0 ? longer : longer.fill(value, values.length);
}

// N-gram counts of a corpus, shared by BLEU and CIDEr, which compare millions of them. Numbers of n-grams mean nothing
// outside their corpus, and are small, so that what is known of an n-gram can lie in an array.
import { createNgramTable, documentsField, lastField, recordSize } from './ngram-table.ts';
import type { NumberedTexts } from './token-ids.ts';

/** Longest n-gram counted; BLEU-1..4 and CIDEr both go to 4. */
export const maxOrder = 4;

/**
 * Different n-grams of many texts, of each order in the order of first occurrence, one text behind the other. One array for
 * all: with arrays for each text and order, clearing up after them took a third of the time.
 */
export interface NgramCounts {
  /** Number of the n-gram, unique over the orders. */
  readonly ids: Int32Array;
  /** How often each occurs in its text. */
  readonly counts: Int32Array;
  /** Which n-gram of its item's candidate, from 0 and over the orders, a reference's n-gram is; -1 for none. */
  readonly inCandidate: Int32Array;
  /** Where those of a text and order begin, at [maxOrder * text + order], and end, one further; order 0 is unigrams. */
  readonly starts: Int32Array;
  /** Tokens of each text. */
  readonly lengths: Int32Array;
  /** First text of each item, its candidate, and the end of the last; an item's other texts are its references. */
  readonly itemStarts: Int32Array;
  /** By number of the n-gram, how many items have it in any reference. */
  readonly documents: Int32Array;
}

/** Counts the n-grams of all texts, each item's candidate before its references; `itemStarts` is as in the counts. */
export function countNgrams(texts: NumberedTexts, itemStarts: Int32Array): NgramCounts {
  const numTexts = texts.starts.length - 1;
  const capacity = maxOrder * texts.tokens.length;
  const [ids, counts, inCandidate] = [new Int32Array(capacity), new Int32Array(capacity), new Int32Array(capacity)];
  const starts = new Int32Array(maxOrder * numTexts + 1);
  const lengths = texts.starts.subarray(1).map((end, text) => end - texts.starts[text]!);
  /** The n-gram of the order before at each place of the text. */
  const prefixes = new Int32Array(lengths.reduce((a, b) => Math.max(a, b), 0));
  const table = createNgramTable(texts.numTokens);
  /** A function for each text, since one long loop would be compiled late. */
  const countText = (text: number, candidateStart: number, referencesStart: number): void => {
    const [length, from] = [lengths[text]!, texts.starts[text]!];
    const records = table.reserve(maxOrder * length);
    let end = starts[maxOrder * text]!;
    for (let order = 0; order < maxOrder; order++) {
      const start = end;
      for (let at = 0; at + order < length; at++) {
        const token = texts.tokens[from + at + order]!;
        const id = order === 0 ? token + 1 : table.idOf(prefixes[at]!, token);
        prefixes[at] = id;
        const record = recordSize * id;
        /** Where the n-gram was counted last, -1 for nowhere. */
        const last = records[record + lastField]! - 1;
        if (last >= start) {
          counts[last]!++;
          continue;
        }
        if (last >= referencesStart) inCandidate[end] = inCandidate[last]!;
        else {
          inCandidate[end] = last >= candidateStart ? last - candidateStart : -1;
          if (end >= referencesStart) records[record + documentsField]!++;
        }
        ids[end] = id;
        counts[end++] = 1;
        records[record + lastField] = end;
      }
      starts[maxOrder * text + order + 1] = end;
    }
  };
  for (let item = 0; item + 1 < itemStarts.length; item++) {
    const [candidate, next] = [itemStarts[item]!, itemStarts[item + 1]!];
    const candidateStart = starts[maxOrder * candidate]!;
    countText(candidate, candidateStart, capacity);
    const referencesStart = starts[maxOrder * (candidate + 1)]!;
    for (let text = candidate + 1; text < next; text++) countText(text, candidateStart, referencesStart);
  }
  const end = starts.at(-1)!;
  const records = table.reserve(0);
  return {
    ids: ids.subarray(0, end),
    counts: counts.subarray(0, end),
    inCandidate: inCandidate.subarray(0, end),
    starts,
    lengths,
    itemStarts,
    documents: new Int32Array(table.size() + 1).map((_, id) => records[recordSize * id + documentsField]!),
  };
}

/** Different n-grams of the text that has most. */
export function mostNgrams({ starts, lengths }: NgramCounts): number {
  return lengths.reduce(
    (most, _, text) => Math.max(most, starts[maxOrder * (text + 1)]! - starts[maxOrder * text]!),
    0,
  );
}

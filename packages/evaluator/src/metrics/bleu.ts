// BLEU-1..4 (Papineni et al., ACL 2002) as the COCO caption evaluation computes it: clipped counts over all
// references, the closest reference length, and two small constants instead of smoothing.
import { maxOrder, type NgramCounts } from './ngrams.ts';

/** Added to counts and to guesses: no match gives almost 0, no guess does not divide by zero. */
const tiny = 1e-15;
const small = 1e-9;

/** Texts of an item, as numbers of counted texts. */
export interface CountedItem {
  readonly references: readonly number[];
  readonly candidate: number;
}

interface Statistics {
  readonly candidateLength: number;
  readonly referenceLength: number;
  /** Per order, n-grams of the candidate and those of them found in a reference. */
  readonly guesses: readonly number[];
  readonly matches: readonly number[];
}

/** BLEU-1..4 of a corpus and of each item alone. The corpus score is not the mean of the items'. */
export function bleu(items: readonly CountedItem[], counted: NgramCounts): { corpus: number[]; perItem: number[][] } {
  const most = new Int32Array(counted.endId);
  const statistics = items.map((item) => itemStatistics(item, counted, most));
  return { corpus: scores(total(statistics)), perItem: statistics.map(scores) };
}

/** `most` is zero before and after. */
function itemStatistics(
  item: CountedItem,
  { ids, counts, starts, lengths }: NgramCounts,
  most: Int32Array,
): Statistics {
  const { references, candidate } = item;
  const guesses: number[] = [];
  const matches: number[] = [];
  for (let order = 0; order < maxOrder; order++) {
    for (const text of references) {
      const end = starts[maxOrder * text + order + 1]!;
      for (let i = starts[maxOrder * text + order]!; i < end; i++)
        if (counts[i]! > most[ids[i]!]!) most[ids[i]!] = counts[i]!;
    }
    const end = starts[maxOrder * candidate + order + 1]!;
    let matched = 0;
    for (let i = starts[maxOrder * candidate + order]!; i < end; i++) matched += Math.min(counts[i]!, most[ids[i]!]!);
    for (const text of references) {
      const end = starts[maxOrder * text + order + 1]!;
      for (let i = starts[maxOrder * text + order]!; i < end; i++) most[ids[i]!] = 0;
    }
    guesses.push(Math.max(0, lengths[candidate]! - order));
    matches.push(matched);
  }
  const candidateLength = lengths[candidate]!;
  return { candidateLength, referenceLength: closestLength(references, candidateLength, lengths), guesses, matches };
}

/** The reference length nearest the candidate's; of two equally near, the shorter. */
function closestLength(references: readonly number[], candidateLength: number, lengths: Int32Array): number {
  let closest = Infinity;
  for (const text of references) {
    const length = lengths[text]!;
    const nearer = Math.abs(length - candidateLength) - Math.abs(closest - candidateLength);
    if (nearer < 0 || (nearer === 0 && length < closest)) closest = length;
  }
  return closest;
}

function total(statistics: readonly Statistics[]): Statistics {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const orders = Array.from({ length: maxOrder }, (_, order) => order);
  return {
    candidateLength: sum(statistics.map((s) => s.candidateLength)),
    referenceLength: sum(statistics.map((s) => s.referenceLength)),
    guesses: orders.map((order) => sum(statistics.map((s) => s.guesses[order]!))),
    matches: orders.map((order) => sum(statistics.map((s) => s.matches[order]!))),
  };
}

function scores({ candidateLength, referenceLength, guesses, matches }: Statistics): number[] {
  const ratio = (candidateLength + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return guesses.map((guess, order) => {
    product *= (matches[order]! + tiny) / (guess + small);
    return product ** (1 / (order + 1)) * brevity;
  });
}

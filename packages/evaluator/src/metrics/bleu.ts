// BLEU-1..4 (Papineni et al., ACL 2002) as the COCO caption evaluation computes it: clipped counts over all
// references, the closest reference length, and two small constants instead of smoothing.
import { maxOrder, type NgramCounts } from './ngrams.ts';

/** Added to counts and to guesses: no match gives almost 0, no guess does not divide by zero. */
const tiny = 1e-15;
const small = 1e-9;

export interface CountedItem {
  readonly references: readonly NgramCounts[];
  readonly candidate: NgramCounts;
}

interface Statistics {
  readonly candidateLength: number;
  readonly referenceLength: number;
  /** Per order, n-grams of the candidate and those of them found in a reference. */
  readonly guesses: readonly number[];
  readonly matches: readonly number[];
}

/**
 * BLEU-1..4 of a corpus and of each item alone. The corpus score is not the mean of the items'. Ids of n-grams are below
 * `endId`.
 */
export function bleu(items: readonly CountedItem[], endId: number): { corpus: number[]; perItem: number[][] } {
  const most = new Int32Array(endId);
  const statistics = items.map((item) => itemStatistics(item, most));
  return { corpus: scores(total(statistics)), perItem: statistics.map(scores) };
}

/** `most` is zero before and after. */
function itemStatistics({ references, candidate }: CountedItem, most: Int32Array): Statistics {
  const guesses: number[] = [];
  const matches: number[] = [];
  for (let order = 0; order < maxOrder; order++) {
    for (const { orders } of references) {
      const { ids, counts } = orders[order]!;
      for (let i = 0; i < ids.length; i++) most[ids[i]!] = Math.max(most[ids[i]!]!, counts[i]!);
    }
    const { ids, counts } = candidate.orders[order]!;
    let matched = 0;
    for (let i = 0; i < ids.length; i++) matched += Math.min(counts[i]!, most[ids[i]!]!);
    for (const { orders } of references) for (const id of orders[order]!.ids) most[id] = 0;
    guesses.push(Math.max(0, candidate.length - order));
    matches.push(matched);
  }
  return { candidateLength: candidate.length, referenceLength: closestLength(references, candidate), guesses, matches };
}

/** The reference length nearest the candidate's; of two equally near, the shorter. */
function closestLength(references: readonly NgramCounts[], candidate: NgramCounts): number {
  let closest = Infinity;
  for (const { length } of references) {
    const nearer = Math.abs(length - candidate.length) - Math.abs(closest - candidate.length);
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

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

/** BLEU-1..4 of a corpus and of each item alone. The corpus score is not the mean of the items'. */
export function bleu(items: readonly CountedItem[]): { corpus: number[]; perItem: number[][] } {
  const statistics = items.map(itemStatistics);
  return { corpus: scores(total(statistics)), perItem: statistics.map(scores) };
}

function itemStatistics({ references, candidate }: CountedItem): Statistics {
  const guesses: number[] = [];
  const matches: number[] = [];
  for (let order = 0; order < maxOrder; order++) {
    let matched = 0;
    for (const [ngram, count] of candidate.orders[order]!) {
      let most = 0;
      for (const reference of references) most = Math.max(most, reference.orders[order]!.get(ngram) ?? 0);
      matched += Math.min(count, most);
    }
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

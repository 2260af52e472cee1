// BLEU-1..4 (Papineni et al., ACL 2002) as the COCO caption evaluation computes it: clipped counts over all
// references, the closest reference length, and two small constants instead of smoothing.
import { power } from '@calm-orch/core';
import { maxOrder, mostNgrams, type NgramCounts } from './ngrams.ts';

/** Added to counts and to guesses: no match gives almost 0, no guess does not divide by zero. */
const tiny = 1e-15;
const small = 1e-9;

/** What BLEU needs of an item. */
export interface BleuStatistics {
  readonly candidateLength: number;
  readonly referenceLength: number;
  /** Per order, n-grams of the candidate and those of them found in a reference. */
  readonly guesses: readonly number[];
  readonly matches: readonly number[];
}

/** BLEU-1..4 of a corpus and of each item alone, with what a draw of items needs. The corpus score is not the mean of the items'. */
export function bleu(counted: NgramCounts): {
  corpus: number[];
  perItem: number[][];
  statistics: readonly BleuStatistics[];
} {
  const most = new Int32Array(mostNgrams(counted));
  const statistics = Array.from({ length: counted.itemStarts.length - 1 }, (_, item) =>
    itemStatistics(item, counted, most),
  );
  return { corpus: corpusBleu(statistics), perItem: statistics.map(scores), statistics };
}

/** BLEU-1..4 of a corpus in which item i stands `weights[i]` times (once by default). */
export function corpusBleu(statistics: readonly BleuStatistics[], weights?: ArrayLike<number>): number[] {
  const orders = Array.from({ length: maxOrder }, () => 0);
  const total = { candidateLength: 0, referenceLength: 0, guesses: [...orders], matches: [...orders] };
  statistics.forEach((item, i) => {
    const weight = weights?.[i] ?? 1;
    total.candidateLength += weight * item.candidateLength;
    total.referenceLength += weight * item.referenceLength;
    for (let order = 0; order < maxOrder; order++) {
      total.guesses[order]! += weight * item.guesses[order]!;
      total.matches[order]! += weight * item.matches[order]!;
    }
  });
  return scores(total);
}

/** `most` is zero before and after. */
function itemStatistics(
  item: number,
  { counts, inCandidate, starts, lengths, itemStarts }: NgramCounts,
  most: Int32Array,
): BleuStatistics {
  const [candidate, next] = [itemStarts[item]!, itemStarts[item + 1]!];
  const candidateStart = starts[maxOrder * candidate]!;
  const referencesEnd = starts[maxOrder * next]!;
  for (let i = starts[maxOrder * (candidate + 1)]!; i < referencesEnd; i++) {
    const place = inCandidate[i]!;
    if (place >= 0 && counts[i]! > most[place]!) most[place] = counts[i]!;
  }
  const candidateLength = lengths[candidate]!;
  const guesses: number[] = [];
  const matches: number[] = [];
  for (let order = 0; order < maxOrder; order++) {
    const end = starts[maxOrder * candidate + order + 1]!;
    let matched = 0;
    for (let i = starts[maxOrder * candidate + order]!; i < end; i++) {
      matched += Math.min(counts[i]!, most[i - candidateStart]!);
      most[i - candidateStart] = 0;
    }
    guesses.push(Math.max(0, candidateLength - order));
    matches.push(matched);
  }
  const referenceLength = closestLength(lengths, candidate, next);
  return { candidateLength, referenceLength, guesses, matches };
}

/** The length of the text after the candidate, up to `end`, that is nearest the candidate's; of two equally near, the shorter. */
function closestLength(lengths: Int32Array, candidate: number, end: number): number {
  const candidateLength = lengths[candidate]!;
  let closest = Infinity;
  for (let text = candidate + 1; text < end; text++) {
    const length = lengths[text]!;
    const nearer = Math.abs(length - candidateLength) - Math.abs(closest - candidateLength);
    if (nearer < 0 || (nearer === 0 && length < closest)) closest = length;
  }
  return closest;
}

function scores({ candidateLength, referenceLength, guesses, matches }: BleuStatistics): number[] {
  const ratio = (candidateLength + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return guesses.map((guess, order) => {
    product *= (matches[order]! + tiny) / (guess + small);
    return power(product, 1 / (order + 1)) * brevity;
  });
}

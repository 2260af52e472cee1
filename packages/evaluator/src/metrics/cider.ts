// CIDEr-D (Vedantam et al., CVPR 2015), times 10 as the COCO caption evaluation prints it: cosine similarity of
// TF-IDF n-gram vectors with clipping and a Gaussian length penalty. Document frequencies are taken over the items
// evaluated, so the score of an item depends on the others.
import { maxOrder, mostNgrams, type NgramCounts } from './ngrams.ts';

const sigma = 6;

/** CIDEr-D x 10 per item and its mean; null for fewer than 2 items, where every inverse document frequency is 0. */
export function cider(counted: NgramCounts): { corpus: number; perItem: number[] } | null {
  const { itemStarts, documents } = counted;
  const numItems = itemStarts.length - 1;
  if (numItems < 2) return null;
  const rarity = new Float64Array(documents).map((count) => Math.log(numItems) - Math.log(Math.max(1, count)));
  const candidateScore = createSimilarity(counted, rarity);
  const perItem = Array.from({ length: numItems }, (_, item) =>
    candidateScore(itemStarts[item]!, itemStarts[item + 1]!),
  );
  return { corpus: perItem.reduce((a, b) => a + b, 0) / perItem.length, perItem };
}

/**
 * CIDEr-D x 10 of a candidate against the texts after it, up to `next`. An n-gram weighs how often it occurs times its
 * `rarity`, the logarithm of all items over those with it in any reference (at least one).
 */
function createSimilarity(counted: NgramCounts, rarity: Float64Array): (candidate: number, next: number) => number {
  const { ids, counts, inCandidate, starts, lengths } = counted;
  /** Weights of the candidate's n-grams, and what they weigh in the reference compared with, zero between comparisons. */
  const [weights, others] = [new Float64Array(mostNgrams(counted)), new Float64Array(mostNgrams(counted))];
  const norms = new Float64Array(maxOrder);
  const weigh = (candidate: number): void => {
    const candidateStart = starts[maxOrder * candidate]!;
    for (let order = 0; order < maxOrder; order++) {
      const end = starts[maxOrder * candidate + order + 1]!;
      let squares = 0;
      for (let i = starts[maxOrder * candidate + order]!; i < end; i++) {
        const weight = counts[i]! * rarity[ids[i]!]!;
        weights[i - candidateStart] = weight;
        squares += weight * weight;
      }
      norms[order] = Math.sqrt(squares);
    }
  };
  /** Mean over the orders, in [0, 1], for the candidate weighed last. */
  const similarity = (candidate: number, reference: number): number => {
    const penalty = Math.exp(-((bigrams(lengths[candidate]!) - bigrams(lengths[reference]!)) ** 2) / (2 * sigma ** 2));
    const candidateStart = starts[maxOrder * candidate]!;
    let sum = 0;
    for (let order = 0; order < maxOrder; order++) {
      const end = starts[maxOrder * reference + order + 1]!;
      let squares = 0;
      for (let i = starts[maxOrder * reference + order]!; i < end; i++) {
        const weight = counts[i]! * rarity[ids[i]!]!;
        squares += weight * weight;
        if (inCandidate[i]! >= 0) others[inCandidate[i]!] = weight;
      }
      const candidateEnd = starts[maxOrder * candidate + order + 1]! - candidateStart;
      let product = 0;
      for (let i = starts[maxOrder * candidate + order]! - candidateStart; i < candidateEnd; i++) {
        product += Math.min(weights[i]!, others[i]!) * others[i]!;
        others[i] = 0;
      }
      const both = norms[order]! * Math.sqrt(squares);
      sum += penalty * (both === 0 ? product : product / both);
    }
    return sum / maxOrder;
  };
  return (candidate, next) => {
    weigh(candidate);
    let sum = 0;
    for (let reference = candidate + 1; reference < next; reference++) sum += similarity(candidate, reference);
    return (10 * sum) / (next - candidate - 1);
  };
}

/** What the reference implementation compares as length. */
function bigrams(length: number): number {
  return Math.max(0, length - 1);
}

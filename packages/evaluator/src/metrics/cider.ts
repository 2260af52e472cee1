// CIDEr-D (Vedantam et al., CVPR 2015), times 10 as the COCO caption evaluation prints it: cosine similarity of
// TF-IDF n-gram vectors with clipping and a Gaussian length penalty. Document frequencies are taken over the items
// evaluated, so the score of an item depends on the others.
import type { CountedItem } from './bleu.ts';
import { maxOrder, type NgramCounts } from './ngrams.ts';

const sigma = 6;

/** CIDEr-D x 10 per item and its mean; null for fewer than 2 items, where every inverse document frequency is 0. */
export function cider(
  items: readonly CountedItem[],
  counted: NgramCounts,
): { corpus: number; perItem: number[] } | null {
  if (items.length < 2) return null;
  const weights = weightsOf(items, counted);
  const norms = normsOf(weights, counted);
  /** Weights of the reference compared with, per n-gram; zero elsewhere. */
  const others = new Float64Array(counted.endId);
  const perItem = items.map(({ references, candidate }) => {
    let sum = 0;
    for (const reference of references) sum += similarity(candidate, reference, counted, weights, norms, others);
    return (10 * sum) / references.length;
  });
  return { corpus: perItem.reduce((a, b) => a + b, 0) / perItem.length, perItem };
}

/** Per counted n-gram, how often it occurs times the logarithm of all items over those with it in any reference (at least one). */
function weightsOf(items: readonly CountedItem[], { ids, counts, starts, endId }: NgramCounts): Float64Array {
  const documents = new Int32Array(endId);
  /** Item an n-gram was last seen in, counted from 1. */
  const seenIn = new Int32Array(endId);
  items.forEach(({ references }, item) => {
    for (const text of references) {
      const end = starts[maxOrder * (text + 1)]!;
      for (let i = starts[maxOrder * text]!; i < end; i++) {
        const id = ids[i]!;
        if (seenIn[id] === item + 1) continue;
        seenIn[id] = item + 1;
        documents[id]!++;
      }
    }
  });
  const logItems = Math.log(items.length);
  const rarity = Float64Array.from(documents, (count) => logItems - Math.log(Math.max(1, count)));
  const weights = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) weights[i] = counts[i]! * rarity[ids[i]!]!;
  return weights;
}

/** Lengths of the vectors, at [maxOrder * text + order]. */
function normsOf(weights: Float64Array, { starts }: NgramCounts): Float64Array {
  const norms = new Float64Array(starts.length - 1);
  for (let vector = 0; vector < norms.length; vector++) {
    let squares = 0;
    for (let i = starts[vector]!; i < starts[vector + 1]!; i++) squares += weights[i]! * weights[i]!;
    norms[vector] = Math.sqrt(squares);
  }
  return norms;
}

/** Mean over the orders, in [0, 1]. `others` is zero before and after. */
function similarity(
  candidate: number,
  reference: number,
  { ids, starts, lengths }: NgramCounts,
  weights: Float64Array,
  norms: Float64Array,
  others: Float64Array,
): number {
  const penalty = Math.exp(-((bigrams(lengths[candidate]!) - bigrams(lengths[reference]!)) ** 2) / (2 * sigma ** 2));
  let sum = 0;
  for (let order = 0; order < maxOrder; order++) {
    const [own, other] = [maxOrder * candidate + order, maxOrder * reference + order];
    const end = starts[other + 1]!;
    for (let i = starts[other]!; i < end; i++) others[ids[i]!] = weights[i]!;
    let product = 0;
    for (let i = starts[own]!; i < starts[own + 1]!; i++) {
      const weight = others[ids[i]!]!;
      if (weight !== 0) product += Math.min(weights[i]!, weight) * weight;
    }
    for (let i = starts[other]!; i < end; i++) others[ids[i]!] = 0;
    const both = norms[own]! * norms[other]!;
    sum += penalty * (both === 0 ? product : product / both);
  }
  return sum / maxOrder;
}

/** What the reference implementation compares as length. */
function bigrams(length: number): number {
  return Math.max(0, length - 1);
}

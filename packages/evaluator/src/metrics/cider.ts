// CIDEr-D (Vedantam et al., CVPR 2015), times 10 as the COCO caption evaluation prints it: cosine similarity of
// TF-IDF n-gram vectors with clipping and a Gaussian length penalty. Document frequencies are taken over the items
// evaluated, so the score of an item depends on the others.
import type { CountedItem } from './bleu.ts';
import { maxOrder, type NgramCounts } from './ngrams.ts';

const sigma = 6;

/**
 * CIDEr-D x 10 per item and its mean; null for fewer than 2 items, where every inverse document frequency is 0. Ids of
 * n-grams are below `endId`.
 */
export function cider(items: readonly CountedItem[], endId: number): { corpus: number; perItem: number[] } | null {
  if (items.length < 2) return null;
  const rarity = rarities(items, endId);
  /** Weights of the reference compared with; zero elsewhere. */
  const weights = new Float64Array(endId);
  const perItem = items.map(({ references, candidate }) => {
    const norms = Array.from({ length: maxOrder }, (_, order) => norm(candidate, order, rarity));
    let sum = 0;
    for (const reference of references) sum += similarity(candidate, norms, reference, rarity, weights);
    return (10 * sum) / references.length;
  });
  return { corpus: perItem.reduce((a, b) => a + b, 0) / perItem.length, perItem };
}

/** Per n-gram, the logarithm of all items over those with it in any reference (at least one). */
function rarities(items: readonly CountedItem[], endId: number): Float64Array {
  const documents = new Int32Array(endId);
  /** Item an n-gram was last seen in, counted from 1. */
  const seenIn = new Int32Array(endId);
  items.forEach(({ references }, item) => {
    for (const { orders } of references)
      for (const { ids } of orders)
        for (const id of ids) {
          if (seenIn[id] === item + 1) continue;
          seenIn[id] = item + 1;
          documents[id]!++;
        }
  });
  const logItems = Math.log(items.length);
  return Float64Array.from(documents, (count) => logItems - Math.log(Math.max(1, count)));
}

function norm({ orders }: NgramCounts, order: number, rarity: Float64Array): number {
  const { ids, counts } = orders[order]!;
  let squares = 0;
  for (let i = 0; i < ids.length; i++) squares += (counts[i]! * rarity[ids[i]!]!) ** 2;
  return Math.sqrt(squares);
}

/** Mean over the orders, in [0, 1]. `weights` is zero before and after. */
function similarity(
  candidate: NgramCounts,
  candidateNorms: readonly number[],
  reference: NgramCounts,
  rarity: Float64Array,
  weights: Float64Array,
): number {
  const penalty = Math.exp(-((bigrams(candidate) - bigrams(reference)) ** 2) / (2 * sigma ** 2));
  let sum = 0;
  for (let order = 0; order < maxOrder; order++) {
    const own = reference.orders[order]!;
    for (let i = 0; i < own.ids.length; i++) weights[own.ids[i]!] = own.counts[i]! * rarity[own.ids[i]!]!;
    const { ids, counts } = candidate.orders[order]!;
    let product = 0;
    for (let i = 0; i < ids.length; i++) {
      const other = weights[ids[i]!]!;
      if (other !== 0) product += Math.min(counts[i]! * rarity[ids[i]!]!, other) * other;
    }
    for (const id of own.ids) weights[id] = 0;
    const norms = candidateNorms[order]! * norm(reference, order, rarity);
    sum += penalty * (norms === 0 ? product : product / norms);
  }
  return sum / maxOrder;
}

/** What the reference implementation compares as length. */
function bigrams({ length }: NgramCounts): number {
  return Math.max(0, length - 1);
}

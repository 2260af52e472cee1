// CIDEr-D (Vedantam et al., CVPR 2015), times 10 as the COCO caption evaluation prints it: cosine similarity of
// TF-IDF n-gram vectors with clipping and a Gaussian length penalty. Document frequencies are taken over the items
// evaluated, so the score of an item depends on the others.
import type { CountedItem } from './bleu.ts';
import { maxOrder, type NgramCounts } from './ngrams.ts';

const sigma = 6;

interface Vector {
  /** Per order, n-gram id -> term frequency x inverse document frequency. */
  readonly weights: readonly ReadonlyMap<number, number>[];
  readonly norms: readonly number[];
  /** Bigrams of the text: what the reference implementation compares as length. */
  readonly length: number;
}

/** CIDEr-D x 10 per item and its mean; null for fewer than 2 items, where every inverse document frequency is 0. */
export function cider(items: readonly CountedItem[]): { corpus: number; perItem: number[] } | null {
  if (items.length < 2) return null;
  const documentFrequency = countDocuments(items);
  const vectorOf = (counts: NgramCounts): Vector => weigh(counts, documentFrequency, Math.log(items.length));
  const perItem = items.map(({ references, candidate }) => {
    const candidateVector = vectorOf(candidate);
    let sum = 0;
    for (const reference of references) sum += similarity(candidateVector, vectorOf(reference));
    return (10 * sum) / references.length;
  });
  return { corpus: perItem.reduce((a, b) => a + b, 0) / perItem.length, perItem };
}

/** N-gram id -> number of items with it in any reference. Ids are unique over the orders. */
function countDocuments(items: readonly CountedItem[]): Map<number, number> {
  const documents = new Map<number, number>();
  for (const { references } of items) {
    const seen = new Set<number>();
    for (const { orders } of references)
      for (const counts of orders) for (const ngram of counts.keys()) seen.add(ngram);
    for (const ngram of seen) documents.set(ngram, (documents.get(ngram) ?? 0) + 1);
  }
  return documents;
}

function weigh(counts: NgramCounts, documentFrequency: ReadonlyMap<number, number>, logItems: number): Vector {
  const norms: number[] = [];
  const weights = counts.orders.map((order) => {
    const weighted = new Map<number, number>();
    let squares = 0;
    for (const [ngram, count] of order) {
      const weight = count * (logItems - Math.log(Math.max(1, documentFrequency.get(ngram) ?? 0)));
      weighted.set(ngram, weight);
      squares += weight * weight;
    }
    norms.push(Math.sqrt(squares));
    return weighted;
  });
  return { weights, norms, length: Math.max(0, counts.length - 1) };
}

/** Mean over the orders, in [0, 1]. */
function similarity(candidate: Vector, reference: Vector): number {
  const penalty = Math.exp(-((candidate.length - reference.length) ** 2) / (2 * sigma ** 2));
  let sum = 0;
  for (let order = 0; order < maxOrder; order++) {
    let product = 0;
    for (const [ngram, weight] of candidate.weights[order]!) {
      const other = reference.weights[order]!.get(ngram);
      if (other !== undefined) product += Math.min(weight, other) * other;
    }
    const norm = candidate.norms[order]! * reference.norms[order]!;
    sum += penalty * (norm === 0 ? product : product / norm);
  }
  return sum / maxOrder;
}

// ROUGE-L (Lin, 2004) as the COCO caption evaluation computes it: precision and recall of the longest common
// subsequence, each maximised over the references by itself, and an F score with beta 1.2.
import { createCommonLength } from './common-subsequence.ts';
import type { NumberedTexts } from './token-ids.ts';

const beta2 = 1.2 ** 2;

/**
 * ROUGE-L in [0, 1] of items: item i's candidate is the text `itemStarts[i]`, its references follow, up to the next item's. An
 * empty text counts as one empty token, as in the reference implementation.
 */
export function rougeL(texts: NumberedTexts, itemStarts: Int32Array): number[] {
  const lengthOf = (text: number): number => texts.starts[text + 1]! - texts.starts[text]!;
  const common = createCommonLength(texts);
  return Array.from({ length: itemStarts.length - 1 }, (_, item) => {
    const candidate = itemStarts[item]!;
    let precision = 0;
    let recall = 0;
    for (let reference = candidate + 1; reference < itemStarts[item + 1]!; reference++) {
      const bothEmpty = lengthOf(candidate) === 0 && lengthOf(reference) === 0;
      const length = bothEmpty ? 1 : common(reference, candidate);
      precision = Math.max(precision, length / Math.max(1, lengthOf(candidate)));
      recall = Math.max(recall, length / Math.max(1, lengthOf(reference)));
    }
    return precision === 0 || recall === 0 ? 0 : ((1 + beta2) * precision * recall) / (recall + beta2 * precision);
  });
}

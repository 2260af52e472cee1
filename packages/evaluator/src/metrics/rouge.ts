// ROUGE-L (Lin, 2004) as the COCO caption evaluation computes it: precision and recall of the longest common
// subsequence, each maximised over the references by itself, and an F score with beta 1.2.

const beta2 = 1.2 ** 2;

/** What stands for the one token of an empty text. */
const emptyText: readonly number[] = [-1];

/**
 * ROUGE-L in [0, 1] of texts as numbers of their tokens, from 0 up. An empty text counts as one empty token, as in the
 * reference implementation.
 */
export function rougeL(references: readonly (readonly number[])[], candidate: readonly number[]): number {
  const candidateTokens = candidate.length === 0 ? emptyText : candidate;
  let precision = 0;
  let recall = 0;
  for (const reference of references) {
    const referenceTokens = reference.length === 0 ? emptyText : reference;
    const common = longestCommonSubsequence(referenceTokens, candidateTokens);
    precision = Math.max(precision, common / candidateTokens.length);
    recall = Math.max(recall, common / referenceTokens.length);
  }
  return precision === 0 || recall === 0 ? 0 : ((1 + beta2) * precision * recall) / (recall + beta2 * precision);
}

/** Length of the longest common subsequence, by one row of the usual table. */
export function longestCommonSubsequence(a: readonly number[], b: readonly number[]): number {
  const row = new Int32Array(b.length + 1);
  for (const token of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = token === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}

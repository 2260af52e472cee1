// Lengths of longest common subsequences of texts.
import type { NumberedTexts } from './token-ids.ts';

/** Bits of an integer operation. */
const wordBits = 32;

/**
 * Length of the longest common subsequence of two of the texts. A `b` of up to 32 tokens takes one step per token of `a`: the
 * rises in a row of the usual table are the zeros of an integer (Hyyrö, 2004). Comparing one `b` with many texts in a row
 * prepares it once.
 */
export function createCommonLength({ numTokens, tokens, starts }: NumberedTexts): (a: number, b: number) => number {
  /** Where a token stands in the text prepared, as bits; 0 for all others. */
  const places = new Int32Array(numTokens);
  let prepared = -1;
  const mark = (text: number, on: boolean): void => {
    const start = starts[text]!;
    for (let i = start; i < starts[text + 1]!; i++)
      places[tokens[i]!] = on ? places[tokens[i]!]! | (1 << (i - start)) : 0;
  };
  return (a, b) => {
    const length = starts[b + 1]! - starts[b]!;
    if (length > wordBits) return commonByTable(tokens, starts, a, b);
    if (b !== prepared) {
      if (prepared >= 0) mark(prepared, false);
      mark(b, true);
      prepared = b;
    }
    let level = -1;
    const end = starts[a + 1]!;
    for (let i = starts[a]!; i < end; i++) {
      const rising = level & places[tokens[i]!]!;
      level = (level + rising) | (level - rising);
    }
    return length === 0 ? 0 : onesIn(~level & (-1 >>> (wordBits - length)));
  };
}

/** By one row of the usual table. */
function commonByTable(tokens: Int32Array, starts: Int32Array, a: number, b: number): number {
  const start = starts[b]!;
  const row = new Int32Array(starts[b + 1]! - start + 1);
  for (let i = starts[a]!; i < starts[a + 1]!; i++) {
    let diagonal = 0;
    for (let j = 1; j < row.length; j++) {
      const above = row[j]!;
      row[j] = tokens[i] === tokens[start + j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!);
      diagonal = above;
    }
  }
  return row.at(-1)!;
}

function onesIn(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

// From a generated answer to a score. `text` parses the number that was written; `expectation` weighs, at each digit that
// was written, all digits by their probabilities, so that "7" with some doubt about "6" reads as a little less than 7.
import type { Tokenizer } from '@calm-orch/model';
import type { Generated } from './generate.ts';

export type ScoreReadout = 'text' | 'expectation';

/**
 * The first number of an answer; null where there is none, or none that people could have given: votes are 1 to 10. (A
 * model that stutters "333333" once in 500 answers would decide Pearson's correlation alone.)
 */
export function parseScore(text: string): number | null {
  const match = /\d+(\.\d+)?/.exec(text);
  return match === null ? null : possible(Number(match[0]));
}

const possible = (score: number): number | null => (score >= 1 && score < 11 ? score : null);

/** Expected value over the digits of the first number of an answer; null where there is none from 1 to 10. */
export function expectedScore({ ids, probabilities }: Generated, tokenizer: Tokenizer): number | null {
  const digits = Array.from({ length: 10 }, (_, digit) => tokenizer.encode(String(digit))[0]!);
  const point = tokenizer.encode('.')[0]!;
  const first = ids.findIndex((id) => digits.includes(id));
  if (first < 0) return null;
  let whole = first;
  while (digits.includes(ids[whole]!)) whole++;
  let last = whole;
  if (ids[whole] === point) for (last = whole + 1; digits.includes(ids[last]!);) last++;
  let score = 0;
  for (let i = first; i < last; i++) {
    if (i === whole) continue;
    const weights = digits.map((id) => probabilities[i]![id]!);
    const sum = weights.reduce((a, b) => a + b, 0);
    const expected = weights.reduce((a, weight, digit) => a + (weight / sum) * digit, 0);
    score += expected * 10 ** (i < whole ? whole - 1 - i : whole - i);
  }
  return parseScore(tokenizer.decode(ids)) === null ? null : score;
}

export function readScore(readout: ScoreReadout, generated: Generated, tokenizer: Tokenizer): number | null {
  return readout === 'text' ? parseScore(tokenizer.decode(generated.ids)) : expectedScore(generated, tokenizer);
}

// From a generated answer to a score, three ways. `text` parses the number that was written. `expectation` weighs, at
// each digit that was written, all digits by their probabilities, so that "7" with some doubt about "6" reads as a
// little less than 7. `levels` weighs five words by their probabilities where the answer begins.
import { CalmError, power, type ScoreReadout } from '@calm-orch/core';
import { levelWords } from '@calm-orch/datasets';
import type { Generated, Tokenizer } from '@calm-orch/model';
import { findScore } from './score-in-text.ts';

/** Reads scores of answers whose generator watched `watch`. */
export interface ScoreReader {
  readonly watch: readonly number[];
  /** Null where the answer holds no score. */
  read(answer: Generated): number | null;
}

/** The score an answer says, 1 to `most`; null where it says none. (A model that stutters "333333" once in 500 answers would
 * decide Pearson's correlation alone.) */
export const parseScore = (text: string, most?: number): number | null => findScore(text, most)?.score ?? null;

/** Positions of the score's digits in the answer, and the power of ten each stands for. */
function digitsOfScore(ids: readonly number[], digits: readonly number[], tokenizer: Tokenizer): DigitPlace[] | null {
  const text = tokenizer.decode(ids);
  const found = findScore(text);
  if (found === null) return null;
  const [whole = ''] = text.slice(found.start, found.end).split('.');
  const places: DigitPlace[] = [];
  let place = whole.length - 1;
  ids.forEach((id, at) => {
    if (!digits.includes(id)) return;
    const end = tokenizer.decode(ids.slice(0, at + 1)).trimEnd().length;
    if (end > found.start && end <= found.end) places.push({ at, power: place-- });
  });
  return places;
}

interface DigitPlace {
  readonly at: number;
  readonly power: number;
}

/** The token of a sign within a number, where no word begins. @throws CalmError `invalid_config` likewise. */
function signOf(sign: string, tokenizer: Tokenizer): number {
  const [only] = tokenizer.continuation(sign);
  if (only === undefined || only === tokenizer.unknownId)
    throw new CalmError('invalid_config', `score read-out: the tokenizer has no sign \`${sign}\``);
  return only;
}

/** The one token of a word. @throws CalmError `invalid_config` when the tokenizer does not know it. */
function tokenOf(word: string, tokenizer: Tokenizer): number {
  const [first] = tokenizer.encode(word);
  if (first === undefined || first === tokenizer.unknownId)
    throw new CalmError('invalid_config', `score read-out: the tokenizer has no word \`${word}\``);
  return first;
}

/**
 * Expected value of the digits of an answer's score, each digit given those written before it; null where it says none.
 * After "7" the decimals' expectation is that of numbers that begin with 7. Never outside 1 to 10: doubt about the first
 * digit of "10" counts tenfold.
 */
export function expectationReader(tokenizer: Tokenizer): ScoreReader {
  const digits = Array.from({ length: 10 }, (_, digit) => signOf(String(digit), tokenizer));
  return {
    watch: digits,
    read: ({ ids, probabilities }) => {
      const places = digitsOfScore(ids, digits, tokenizer);
      if (places === null) return null;
      const expected = places.reduce((score, { at, power: place }) => {
        const weights = probabilities[at]!;
        const sum = weights.reduce((a, b) => a + b, 0);
        return score + weights.reduce((total, weight, digit) => total + (weight / sum) * digit, 0) * power(10, place);
      }, 0);
      return Math.min(10, Math.max(1, expected));
    },
  };
}

export function textReader(tokenizer: Tokenizer): ScoreReader {
  return { watch: [], read: ({ ids }) => parseScore(tokenizer.decode(ids)) };
}

/**
 * Weighted mean of five words, 0 (bad) to 1 (excellent): softmax over the logits of their first tokens at the answer's
 * first position. The `wa5` of Q-Align (Wu et al. 2023) and UNIAA. Never null.
 * @throws CalmError `invalid_config` when two words begin with the same token, or the tokenizer lacks one
 */
export function levelsReader(tokenizer: Tokenizer): ScoreReader {
  const entries = Object.entries(levelWords);
  const watch = entries.map(([word]) => tokenOf(word, tokenizer));
  if (new Set(watch).size < watch.length)
    throw new CalmError(
      'invalid_config',
      `score read-out: the words ${entries.map(([word]) => word).join(', ')} must begin with different tokens, got ${watch.join(', ')}`,
    );
  return {
    watch,
    read: ({ probabilities }) => {
      // Probabilities over the vocabulary, normalised to the five, are the softmax of the five logits.
      const first = probabilities[0]!;
      const sum = first.reduce((a, b) => a + b, 0);
      return sum > 0 ? entries.reduce((total, [, weight], i) => total + (weight * first[i]!) / sum, 0) : null;
    },
  };
}

export function scoreReader(readout: ScoreReadout, tokenizer: Tokenizer): ScoreReader {
  switch (readout) {
    case 'text':
      return textReader(tokenizer);
    case 'expectation':
      return expectationReader(tokenizer);
    case 'levels':
      return levelsReader(tokenizer);
  }
}

import { createWordTokenizer } from '@calm-orch/model';
import { describe, expect, it } from 'vitest';
import type { Generated } from './generate.ts';
import { expectedScore, parseScore, readScore } from './read-score.ts';

const tokenizer = createWordTokenizer(['good', 'photo', '.', ...Array.from({ length: 10 }, (_, i) => String(i))]);
const idOf = (word: string): number => tokenizer.encode(word)[0]!;

/** An answer in which each word has the probabilities given for it; certainty where none are. */
function answer(...words: (string | Record<string, number>)[]): Generated {
  const rows = words.map((word) => (typeof word === 'string' ? { [word]: 1 } : word));
  const probabilities = rows.map((row) => {
    const all = new Float32Array(tokenizer.vocabSize);
    for (const [word, p] of Object.entries(row)) all[idOf(word)] = p;
    return all;
  });
  return { ids: probabilities.map((row) => row.indexOf(Math.max(...row))), probabilities };
}

describe('a score in the text of an answer', () => {
  it('is its first number', () => {
    expect(parseScore('7.4')).toBe(7.4);
    expect(parseScore('10.00')).toBe(10);
    expect(parseScore('5')).toBe(5);
    expect(parseScore('good photo 6.25 . 3')).toBe(6.25);
    expect(parseScore('6.')).toBe(6);
    expect(parseScore('.5')).toBe(5);
  });

  it('is none where there is no number', () => {
    expect(parseScore('')).toBeNull();
    expect(parseScore('good photo .')).toBeNull();
  });

  it('is none where the number is none that a vote can be', () => {
    expect(parseScore('333333')).toBeNull();
    expect(parseScore('0')).toBeNull();
    expect(parseScore('photo 12 . 5')).toBeNull();
    expect(expectedScore(answer('3', '3', '3'), tokenizer)).toBeNull();
  });
});

describe('the expectation of a score', () => {
  it('is the number that was written when nothing else was likely', () => {
    expect(expectedScore(answer('7', '.', '4'), tokenizer)).toBeCloseTo(7.4, 6);
    expect(expectedScore(answer('1', '0', '.', '0', '5'), tokenizer)).toBeCloseTo(10.05, 6);
    expect(expectedScore(answer('good', 'photo', '6', '.', '3', 'photo', '9'), tokenizer)).toBeCloseTo(6.3, 6);
    expect(expectedScore(answer('8'), tokenizer)).toBeCloseTo(8, 6);
    expect(expectedScore(answer('8', '.'), tokenizer)).toBeCloseTo(8, 6);
  });

  it('weighs every digit by its probability', () => {
    expect(expectedScore(answer({ 7: 0.75, 6: 0.25 }, '.', { 2: 0.5, 8: 0.4, 0: 0.1 }), tokenizer)).toBeCloseTo(
      6.75 + 0.42,
      6,
    );
  });

  it('leaves out what is no digit', () => {
    expect(
      expectedScore(answer({ 7: 0.6, good: 0.4 }, '.', { 4: 0.5, '.': 0.25, photo: 0.25 }), tokenizer),
    ).toBeCloseTo(7.4, 6);
  });

  it('is none where no number was written', () => {
    expect(expectedScore(answer('good', '.', 'photo'), tokenizer)).toBeNull();
    expect(expectedScore(answer(), tokenizer)).toBeNull();
  });
});

describe('the readout', () => {
  it('is the text or the expectation, as asked for', () => {
    const doubtful = answer({ 7: 0.75, 6: 0.25 }, '.', '4');
    expect(readScore('text', doubtful, tokenizer)).toBe(7.4);
    expect(readScore('expectation', doubtful, tokenizer)).toBeCloseTo(7.15, 6);
    expect(readScore('text', answer('good'), tokenizer)).toBeNull();
    expect(readScore('expectation', answer('good'), tokenizer)).toBeNull();
  });
});

import { levelWords } from '@calm-orch/datasets';
import { createWordTokenizer, type Generated } from '@calm-orch/model';
import { describe, expect, it } from 'vitest';
import { expectationReader, levelsReader, parseScore, scoreReader } from './read-score.ts';

const digits = Array.from({ length: 10 }, (_, i) => String(i));
const tokenizer = createWordTokenizer(['photo', '.', 'f', 'iso', '-', ...digits, ...Object.keys(levelWords)]);
const idOf = (word: string): number => tokenizer.encode(word)[0]!;

/** An answer in which each word has the probabilities given for it; certainty where none are. */
function answer(watch: readonly number[], ...words: (string | Record<string, number>)[]): Generated {
  const rows = words.map((word) => (typeof word === 'string' ? { [word]: 1 } : word));
  const likeliest = rows.map((row) => Object.keys(row).reduce((a, b) => (row[b]! > row[a]! ? b : a)));
  const probabilities = rows.map((row) =>
    Float32Array.from(watch, (id) => Object.entries(row).find(([word]) => idOf(word) === id)?.[1] ?? 0),
  );
  return { ids: likeliest.map(idOf), probabilities, stopped: true };
}
const expectation = expectationReader(tokenizer);
const expectedScore = (...words: Parameters<typeof answer> extends [unknown, ...infer W] ? W : never) =>
  expectation.read(answer(expectation.watch, ...words));

describe('a score in the text of an answer', () => {
  it('is its first number that stands by itself', () => {
    expect(parseScore('7.4')).toBe(7.4);
    expect(parseScore('10.00')).toBe(10);
    expect(parseScore('5')).toBe(5);
    expect(parseScore('good photo 6.25 . 3')).toBe(6.25);
    expect(parseScore('6.')).toBe(6);
    expect(parseScore('f/2.8 6.5')).toBe(6.5);
    expect(parseScore('4', 5)).toBe(4);
  });

  it('is none where there is no number', () => {
    expect(parseScore('')).toBeNull();
    expect(parseScore('good photo .')).toBeNull();
  });

  it('is none where the number is none that a vote can be', () => {
    expect(parseScore('333333')).toBeNull();
    expect(parseScore('0')).toBeNull();
    for (const text of ['10.99', '-3', '.5', '11', '6-7']) expect(parseScore(text), text).toBeNull();
    expect(parseScore('6', 5)).toBeNull();
    expect(parseScore('photo 12 . 5')).toBeNull();
    expect(expectedScore('3', '3', '3')).toBeNull();
  });
});

describe('the expectation of a score', () => {
  it('is the number that was written when nothing else was likely', () => {
    expect(expectedScore('7', '.', '4')).toBeCloseTo(7.4, 6);
    expect(expectedScore('1', '0', '.', '0', '0')).toBeCloseTo(10, 6);
    expect(expectedScore('good', 'photo', '6', '.', '3', 'photo', '9')).toBeCloseTo(6.3, 6);
    expect(expectedScore('8')).toBeCloseTo(8, 6);
    expect(expectedScore('8', '.')).toBeCloseTo(8, 6);
  });

  it('weighs every digit by its probability', () => {
    expect(expectedScore({ 7: 0.75, 6: 0.25 }, '.', { 2: 0.5, 8: 0.4, 0: 0.1 })).toBeCloseTo(6.75 + 0.42, 6);
  });

  it('leaves out what is no digit', () => {
    expect(expectedScore({ 7: 0.6, good: 0.4 }, '.', { 4: 0.5, '.': 0.25, photo: 0.25 })).toBeCloseTo(7.4, 6);
  });

  it('is of the number that is the score, not of one before it', () => {
    expect(expectedScore('f', '2', '.', '8', '6', '.', '5')).toBeNull();
    expect(expectedScore('iso', '8', 'good', { 6: 0.5, 7: 0.5 }, '.', '5')).toBeCloseTo(7, 6);
    expect(expectedScore('1', '0', '.', '9', '9')).toBeNull();
    expect(expectedScore('-', '3')).toBeNull();
  });

  it('stays within what people could have given', () => {
    expect(expectedScore({ 1: 0.6, 7: 0.4 }, '0')).toBe(10);
    expect(expectedScore('1', '.', { 0: 1 })).toBe(1);
  });

  it('is none where no number was written', () => {
    expect(expectedScore('good', '.', 'photo')).toBeNull();
    expect(expectedScore()).toBeNull();
  });
});

describe('the levels of a score', () => {
  const reader = levelsReader(tokenizer);
  const read = (first: Record<string, number>) => reader.read(answer(reader.watch, first));

  it('are five words weighed by their probabilities among themselves', () => {
    expect(read({ excellent: 1 })).toBe(1);
    expect(read({ bad: 0.2 })).toBe(0);
    expect(read({ good: 0.5, fair: 0.25, photo: 0.25 })).toBeCloseTo((0.5 * 0.75 + 0.25 * 0.5) / 0.75, 6);
    expect(read({ excellent: 0.1, good: 0.1, fair: 0.1, poor: 0.1, bad: 0.1, photo: 0.5 })).toBeCloseTo(0.5, 6);
  });

  it('are the softmax of the five logits', () => {
    const logits = { excellent: 1.5, good: 0.25, fair: -1, poor: 2, bad: 0, photo: 4 };
    const sum = Object.values(logits).reduce((a, b) => a + Math.exp(b), 0);
    const five = Object.entries(levelWords).map(([word]) => Math.exp(logits[word as keyof typeof levelWords]));
    const expected =
      Object.values(levelWords).reduce<number>((a, w, i) => a + w * five[i]!, 0) / five.reduce((a, b) => a + b);
    const all = Object.fromEntries(Object.entries(logits).map(([word, logit]) => [word, Math.exp(logit) / sum]));
    expect(read(all)).toBeCloseTo(expected, 6);
  });

  it('are read where the answer begins, whatever follows, also where it ended at once', () => {
    expect(reader.read(answer(reader.watch, { good: 1 }, { bad: 1 }))).toBe(0.75);
    expect(reader.read({ ids: [], probabilities: [Float32Array.of(0, 0, 0.01, 0, 0)], stopped: true })).toBe(0.5);
  });

  it('need all five words, each beginning with a token of its own', () => {
    const lacking = createWordTokenizer(['good', 'fair', 'poor', 'bad']);
    expect(() => levelsReader(lacking)).toThrow('the tokenizer has no word `excellent`');
    const same = { ...tokenizer, encode: () => [7] };
    expect(() => levelsReader(same)).toThrow('must begin with different tokens, got 7, 7, 7, 7, 7');
  });
});

describe('the readout', () => {
  it('is the text, the expectation or the levels, as asked for', () => {
    const read = (readout: 'text' | 'expectation' | 'levels', ...words: (string | Record<string, number>)[]) => {
      const reader = scoreReader(readout, tokenizer);
      return reader.read(answer(reader.watch, ...words));
    };
    const doubtful = [{ 7: 0.75, 6: 0.25 }, '.', '4'];
    expect(read('text', ...doubtful)).toBe(7.4);
    expect(read('expectation', ...doubtful)).toBeCloseTo(7.15, 6);
    expect(read('levels', { good: 0.5, bad: 0.5 })).toBeCloseTo(0.375, 6);
    expect(read('text', 'good')).toBeNull();
    expect(read('expectation', 'good')).toBeNull();
  });
});

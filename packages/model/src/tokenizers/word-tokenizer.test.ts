import { describe, expect, it } from 'vitest';
import { createWordTokenizer } from './word-tokenizer.ts';

const words = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '.',
  ',',
  '?',
  'a',
  'house',
  "that's",
  'well-lit',
  'score',
];
const tokenizer = createWordTokenizer(words);

describe('the word tokenizer', () => {
  it('gives ids in the order of the list, behind the special ones', () => {
    expect(tokenizer.vocabSize).toBe(words.length + 3);
    expect([tokenizer.unknownId, tokenizer.beginId, tokenizer.endId]).toEqual([0, 1, 2]);
    expect(tokenizer.encode('0 a score')).toEqual([3, 16, 20]);
  });

  it('brings texts back, numbers and punctuation apart from words', () => {
    for (const text of ['a house', "that's a well-lit house", '7.4', '10.00', 'a 5.25 house', 'score 3', '1 house'])
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('takes a number digit by digit', () => {
    expect(tokenizer.encode('7.4')).toEqual([
      tokenizer.encode('7')[0],
      tokenizer.encode('.')[0],
      tokenizer.encode('4')[0],
    ]);
    expect(tokenizer.encode('10')).toHaveLength(2);
  });

  it('knows no capitals and no white space', () => {
    expect(tokenizer.encode('  A\n HOUSE ')).toEqual(tokenizer.encode('a house'));
    expect(tokenizer.encode('a house,a score.')).toEqual(tokenizer.encode('a house , a score .'));
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('has one id for whatever it does not know', () => {
    expect(tokenizer.encode('a castle !')).toEqual([16, 0, 0]);
    expect(tokenizer.decode([16, 0, 9999])).toBe('a <unk> <unk>');
  });

  it('stops reading at the first end, and says nothing of the begin', () => {
    const ids = [1, ...tokenizer.encode('a house'), 2, ...tokenizer.encode('score 7.4'), 2];
    expect(tokenizer.decode(ids)).toBe('a house');
    expect(tokenizer.decode([2])).toBe('');
  });

  it('refuses a list in which a word occurs twice', () => {
    expect(() => createWordTokenizer(['a', 'b', 'a'])).toThrow('every word must occur once');
    expect(() => createWordTokenizer(['<s>'])).toThrow('every word must occur once');
  });
});

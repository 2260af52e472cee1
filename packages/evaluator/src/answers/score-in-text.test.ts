import { describe, expect, it } from 'vitest';
import { findScore } from './score-in-text.ts';

const read = (text: string, most?: number): number | null => findScore(text, most)?.score ?? null;

describe('a score in a text', () => {
  it.each([
    ['7', 7],
    ['7.4', 7.4],
    ['6.', 6],
    ['10.00', 10],
    ['1', 1],
    ['I would give it 6.5 .', 6.5],
    ['score: 7', 7],
    ['Score : 7', 7],
    ['Score:7.5', 7.5],
    ['score = 7', 7],
    ['rating - 7', 7],
    ['**7**', 7],
    ['(7.5)', 7.5],
    ['"8"', 8],
    ['7, because the light is good', 7],
    ['7 because the light is good', 7],
    ['a score of 7', 7],
    ['6.5/10', 6.5],
    ['6.5 / 10', 6.5],
    ['10/10', 10],
    ['7 out of 10', 7],
    ['7 out of ten', 7],
    ['on a scale from 1 to 10 it is 7', 7],
    ['on a scale of 10, 7.5', 7.5],
    ['out of 10 I give 7', 7],
    ['f/2.8 6.5', 6.5],
    ['f / 2.8 , 6.5', 6.5],
    ['f2.8 6.5', 6.5],
    ['1/250 s, 6.5', 6.5],
    ['ISO 400: 7.2', 7.2],
    ['ISO 8, score 7.2', 7.2],
    ['50mm lens, 6', 6],
    ['5 mm macro, 6', 6],
    ['3 people on a beach: 6.1', 6.1],
    ['3:2 crop, 7', 7],
    ['16:9 , 5.5', 5.5],
    ['2024-05-06: 7', 7],
    ['5.6.2024 7', 7],
    ['May 5: 7', 7],
    ['5 % noise, 7', 7],
    ['5% noise, 7', 7],
    ['1,000 photographs like this; 7', 7],
    ['1e1 7', 7],
    ['v2.1: 6', 6],
    ['D5: 6', 6],
    ['3x4 grid, 6', 6],
    ['2 + 3 , 6', 6],
    ['$5 filter, 6', 6],
    ['rule of 3 , 6', 6],
    ['2 hours after sunset: 6', 6],
    ['#3: 6', 6],
  ])('is read in %j', (text, score) => {
    expect(read(text)).toBe(score);
  });

  it.each([
    '',
    'good photo .',
    '10.99',
    '10.01',
    '0.99',
    '0',
    '.5',
    '12',
    '333333',
    '-3',
    'minus 3',
    '- 3',
    '−3',
    '+3',
    'score: -3',
    'f/2.8',
    '1/250',
    '3/4',
    '6-7',
    '6 - 7',
    '6–7',
    '6 to 7',
    '6 or 7',
    'between 6 and 7',
    '50%',
    '5 percent',
    '5e0',
    '6,5',
    '1,000',
    '7th',
    'x7',
    '7x',
    '2.8.1',
    '<7',
    '7+',
    '4 out of 5',
    '70/100',
    '7 out of 100',
    '7°',
    '5 stops underexposed',
    '3 dogs',
  ])('is none in %j', (text) => {
    expect(read(text)).toBeNull();
  });

  it('is of the scale that is asked for', () => {
    expect(read('5', 5)).toBe(5);
    expect(read('6', 5)).toBeNull();
    expect(read('4/5', 5)).toBe(4);
    expect(read('4 out of 10', 5)).toBeNull();
    expect(read('-4', 5)).toBeNull();
  });

  it('says where its digits stand', () => {
    expect(findScore('f/2.8 6.5 .')).toEqual({ score: 6.5, start: 6, end: 9 });
  });
});

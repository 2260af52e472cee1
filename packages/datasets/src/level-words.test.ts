import { expect, it } from 'vitest';
import { levelWordOf } from './level-words.ts';

const range = { min: 1, max: 6 };

it('cuts the range of the scores into five equal intervals', () => {
  const words = [1.5, 2.5, 3.5, 4.5, 5.5].map((score) => levelWordOf(score, range));
  expect(words).toEqual(['bad', 'poor', 'fair', 'good', 'excellent']);
});

it('counts a score between two intervals to the lower one, the least and the greatest to theirs', () => {
  const words = [1, 2, 3, 4, 5, 6].map((score) => levelWordOf(score, range));
  expect(words).toEqual(['bad', 'bad', 'poor', 'fair', 'good', 'excellent']);
});

it('cuts a range into fifths from where it begins', () => {
  const words = [-1, -0.2, 0, 0.3, 1].map((score) => levelWordOf(score, { min: -1, max: 1 }));
  expect(words).toEqual(['bad', 'poor', 'fair', 'good', 'excellent']);
  // Q-Align's borders on 2..96 are 18.8, 37.6, …: 20 would be poor there.
  expect(levelWordOf(20, { min: 2, max: 96 })).toBe('bad');
});

it('takes the nearest word for a score outside, the middle one where all scores are equal', () => {
  expect([levelWordOf(-3, range), levelWordOf(11, range)]).toEqual(['bad', 'excellent']);
  expect(levelWordOf(4, { min: 4, max: 4 })).toBe('fair');
});

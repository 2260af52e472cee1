import { expect, it } from 'vitest';
import { scoreAnswers, scoreText } from './score-text.ts';

it('writes every score with the same decimals', () => {
  expect([7, 6.25, 9.999].map((score) => scoreText(score, 2))).toEqual(['7.00', '6.25', '10.00']);
  expect(scoreAnswers([7.4, 3], { scoreAnswer: 'number', scorePrefix: '', scoreDecimals: 0 })).toEqual(['7', '3']);
});

it('writes the word of the level within the range of all scores, behind the prefix', () => {
  const config = { scoreAnswer: 'level', scorePrefix: 'the quality of the photo is', scoreDecimals: 2 } as const;
  expect(scoreAnswers([2, 8, 5, 6.5], config)).toEqual(
    ['bad', 'excellent', 'fair', 'good'].map((word) => `the quality of the photo is ${word}`),
  );
  expect(scoreAnswers([5, 5], config)[0]).toMatch(/ fair$/);
});

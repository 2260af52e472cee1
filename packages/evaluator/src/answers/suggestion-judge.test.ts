import { degradationNames } from '@calm-orch/datasets';
import { expect, it } from 'vitest';
import { keywordJudge } from './suggestion-judge.ts';

const judged = (answer: string): string[] => degradationNames.filter((name) => keywordJudge(name, answer));

it('hears the fault or its remedy', () => {
  expect(judged('there is too much noise .')).toEqual(['noise']);
  expect(judged('it is not sharp enough .')).toEqual(['blur']);
  expect(judged('the ball needs more light .')).toEqual(['darker']);
  expect(judged('the photo is overexposed , it is too bright .')).toEqual(['brighter']);
  expect(judged('it needs more color .')).toEqual(['dull']);
  expect(judged('the ball is badly placed .')).toEqual(['crop']);
  expect(judged('it is too dark and the focus is soft .')).toEqual(['blur', 'darker']);
  expect(judged('Brighten the image and remove the grain.')).toEqual(['noise', 'darker']);
});

it('takes praise of an attribute for no suggestion', () => {
  for (const praise of [
    'nice sharp focus .',
    'a clean image without noise .',
    'i like the light .',
    'good composition .',
  ])
    expect(judged(praise), praise).toEqual([]);
  expect(judged('nice sharp focus but it is too dark .')).toEqual(['darker']);
});

import { degradationNames } from '@calm-orch/datasets';
import { expect, it } from 'vitest';
import { keywordJudge } from './suggestion-judge.ts';
import { suggestionSentences } from './suggestion-sentences.test-util.ts';

const judged = (answer: string): string[] => degradationNames.filter((name) => keywordJudge(name, answer));

it('hears in every sentence the degradations it names, and no other', () => {
  expect(suggestionSentences.length).toBeGreaterThanOrEqual(200);
  const expected = suggestionSentences.map(([sentence, named]) => [
    sentence,
    degradationNames.filter((name) => named.includes(name)),
  ]);
  expect(suggestionSentences.map(([sentence]) => [sentence, judged(sentence)])).toEqual(expected);
});

it('hears the fault or its remedy', () => {
  expect(judged('the ball needs more light .')).toEqual(['darker']);
  expect(judged('the photo is overexposed , it is too bright .')).toEqual(['brighter']);
  expect(judged('it is too dark and the focus is soft .')).toEqual(['blur', 'darker']);
});

it('reads every sentence of a long answer by itself', () => {
  expect(judged('Increase the saturation. The composition is good.\nThere is no noise')).toEqual(['dull']);
  expect(judged('Brighten the image and remove the grain! Add a tree.')).toEqual(['noise', 'darker']);
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

import { expect, test } from 'vitest';
import { editDistance, nearest, suggestion } from './suggest.ts';

test('counts insertions, deletions, substitutions and swaps', () => {
  expect(editDistance('preset', 'preset')).toBe(0);
  expect(editDistance('prset', 'preset')).toBe(1);
  expect(editDistance('seeds', 'sedes')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('names the nearest word, or none when nothing is near', () => {
  expect(nearest('mfam.levls', ['mfam.levels', 'mfam.queries'])).toBe('mfam.levels');
  expect(nearest('levels', ['mfam.levels', 'llm.numLayers'])).toBe('mfam.levels');
  expect(nearest('ALL', ['all', 'thematic'])).toBe('all');
  expect(nearest('zebra', ['all', 'thematic'])).toBeUndefined();
  expect(suggestion('zebra', ['all', 'thematic'])).toBe('; valid: all, thematic');
  const steps = ['pretrainSsl.steps', 'finetuneComment.steps', 'finetuneScore.steps'];
  expect(nearest('finetuneScor.steps', steps)).toBe('finetuneScore.steps');
  expect(nearest('finetunScore.step', steps)).toBe('finetuneScore.steps');
  expect(nearest('training.numSteps', ['data.numTest', 'train.numSteps'])).toBe('train.numSteps');
  expect(suggestion('al', ['all', 'thematic'])).toBe('; did you mean `all`?');
});

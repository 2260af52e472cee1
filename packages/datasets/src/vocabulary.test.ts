import { rng } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { attributeNames } from './labels/attributes.ts';
import { labelsOf } from './labels/grammar.ts';
import { photoView, studioPhoto } from './studio/photo.ts';
import { vocabularyWords } from './vocabulary.ts';

describe('vocabulary', () => {
  it('holds every word of captions, appearances, comments and labels', () => {
    const words = new Set(vocabularyWords());
    const unknown = new Set<string>();
    const random = rng('vocabulary test');
    for (let id = 0; id < 800; id++) {
      const { caption, comments, scene } = studioPhoto(1, 'labeled', id, 8);
      const { appearance } = photoView(scene, random, 8);
      const labels = labelsOf(random.shuffle(attributeNames).slice(0, 1 + random.int(3)), random);
      const texts = [caption, ...comments, appearance, ...Object.values(labels).flat()];
      for (const word of texts.join(' ').split(' ')) if (word !== '' && !words.has(word)) unknown.add(word);
    }
    expect([...unknown]).toEqual([]);
  });

  it('stays small, lower case, with digits and punctuation as words of their own', () => {
    const words = vocabularyWords();
    expect(words.length).toBeLessThan(400);
    for (const word of words) expect(word).toMatch(/^([a-z]+|[0-9]|[.,?])$/);
    expect(words).toEqual(expect.arrayContaining(['0', '9', '.', ',', '?']));
  });
});

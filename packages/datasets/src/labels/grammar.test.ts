import { rng } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { attributeNames, attributesOf, wordsOf } from './attributes.ts';
import { labelsOf, pairLabel, singleLabel } from './grammar.ts';

const many = (label: (i: number) => string): string[] => Array.from({ length: 300 }, (_, i) => label(i));

describe('pseudo-labels', () => {
  it('are deterministic in their random key', () => {
    expect(labelsOf(['noise', 'darker'], rng('l', 1))).toEqual(labelsOf(['noise', 'darker'], rng('l', 1)));
    expect(labelsOf(['noise', 'darker'], rng('l', 1))).not.toEqual(labelsOf(['noise', 'darker'], rng('l', 2)));
  });

  it('say the paper’s sentences', () => {
    expect(many((i) => singleLabel(['blur'], rng(i)))).toContain('the blurred image .');
    expect(many((i) => pairLabel(['blur', 'noise'], 'first', rng(i)))).toContain(
      'the first image is blurrier and noisier than the second .',
    );
  });

  it('say darker, not dark, of a photograph that is so only beside the original', () => {
    const relative = new Set(['darker'] as const);
    const texts = many((i) => singleLabel(['darker', 'cropped'], rng(i), relative));
    expect(texts).toContain('the cropped and darker image .');
    expect(texts).toContain('this photo is cut off and darker .');
    for (const text of texts) expect(text).not.toMatch(/\b(dark|underexposed)\b/);
    expect(many((i) => singleLabel(['darker'], rng(i)))).toContain('this photo is too dark .');
  });

  it('turn round with the order of the photographs', () => {
    const directions = (place: 'first' | 'second'): Set<string> =>
      new Set(
        many((i) => pairLabel(['darker'], place, rng(i))).filter((text) => /^the \w+ image is \w+ than/.test(text)),
      );
    expect(directions('first')).toEqual(
      new Set(['the first image is darker than the second .', 'the second image is brighter than the first .']),
    );
    expect(directions('second')).toEqual(
      new Set(['the second image is darker than the first .', 'the first image is brighter than the second .']),
    );
  });

  it('join three attributes by commas and and', () => {
    const texts = many((i) => pairLabel(['noise', 'pixelation', 'cropped'], 'second', rng(i)));
    expect(texts).toContain('the second image is noisier , more pixelated and more cropped than the first .');
  });

  it('use the same phrasings for every group', () => {
    const formsOf = (name: (typeof attributeNames)[number]): Set<string> => {
      const { states, adjectives, comparatives, opposites } = wordsOf(name);
      const words = [...states, ...adjectives, ...comparatives, ...opposites].sort((a, b) => b.length - a.length);
      const strip = (text: string): string => words.reduce((rest, word) => rest.replace(word, '_'), text);
      const texts = many((i) => singleLabel([name], rng(i))).concat(many((i) => pairLabel([name], 'first', rng(i))));
      return new Set(texts.map((text) => strip(text).replace(/\ban\b/, 'a')));
    };
    const forms = ['blur', 'darker', 'cropped'].map((name) => formsOf(name as (typeof attributeNames)[number]));
    expect(forms[1]).toEqual(forms[0]);
    expect(forms[2]).toEqual(forms[0]);
  });

  it('write an before a vowel', () => {
    for (const text of many((i) => singleLabel(['brighter'], rng(i)))) expect(text).not.toMatch(/\ba [aeiou]/);
  });

  it('name the attributes of a group and refuse to describe nothing', () => {
    expect(attributesOf(['quality'])).toEqual(['noise', 'compression', 'blur', 'pixelation']);
    expect(attributesOf(['quality', 'color', 'subject'])).toEqual(attributeNames);
    expect(() => singleLabel([], rng(0))).toThrow('at least one augmented attribute');
  });
});

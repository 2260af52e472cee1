import { rng } from '@calm-orch/core';
import { attributeNames, labelsOf, wordsOf, type AttributeName } from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { keepsMeaning, meaningOf } from './meaning.ts';

/** What each attribute is more or less of. */
const senses: Readonly<Record<AttributeName, readonly [axis: string, sign: 1 | -1]>> = {
  noise: ['noise', 1],
  compression: ['compression', 1],
  blur: ['blur', 1],
  pixelation: ['pixelation', 1],
  brighter: ['brightness', 1],
  darker: ['brightness', -1],
  'more saturated': ['saturation', 1],
  'less saturated': ['saturation', -1],
  'less contrast': ['contrast', -1],
  'subject blurred': ['subject blur', 1],
  'subject masked': ['subject masked', 1],
  cropped: ['crop', 1],
};

describe('meaningOf', () => {
  it('reads every label of the grammar as what was done, in the direction of its order', () => {
    for (let i = 0; i < 1500; i++) {
      const random = rng('meaning', i);
      const changed: AttributeName[] = [];
      for (const name of random.shuffle(attributeNames)) {
        if (changed.length > random.int(3)) break;
        if (changed.every((other) => wordsOf(other).axis !== wordsOf(name).axis)) changed.push(name);
      }
      const relative = new Set(changed.filter((name) => wordsOf(name).relatives && random.uniform() < 0.5));
      const labels = labelsOf(changed, random, 3, relative);
      for (const [texts, turned] of [
        [labels.single, 1],
        [labels.augmentedFirst, 1],
        [labels.augmentedSecond, -1],
      ] as const) {
        const wanted = Object.fromEntries(changed.map((name) => [senses[name][0], senses[name][1] * turned]));
        for (const text of texts) expect(Object.fromEntries(meaningOf(text) ?? []), text).toEqual(wanted);
      }
    }
  });

  it.each([
    'a photo of a dog on a beach .',
    'the first image is not darker than the second .',
    "the first image isn't darker than the second .",
    'the first image is darker and brighter than the second .',
    'the first image is less noisy and blurry than the second .',
    'it is darker than the second one .',
    'the image is less vivid and blurry .',
    'it has less contrast and noise .',
    '',
  ])('does not guess: %j', (text) => {
    expect(meaningOf(text)).toBeNull();
  });
});

describe('keepsMeaning', () => {
  const pair = 'the first image is darker and noisier than the second .';
  it.each([
    [pair, 'Compared to the second photo, the first one is grainier and darker.'],
    [pair, 'In contrast to the second, the first picture looks darker and has more noise.'],
    [pair, 'The second image is brighter and less grainy than the first.'],
    [pair, 'Darker and noisier than the second, that is how the first image looks.'],
    [pair, 'The second is lighter, whereas the first is noisier.'],
    ['the first image is lower in contrast .', 'The first photo has less contrast.'],
    ['this photo is too dull and blurred .', 'The colours are muted and everything is blurry.'],
    ['the badly focused image .', 'An image whose subject is blurry.'],
    ['the badly focused image .', 'An out of focus photo.'],
    ['it is overexposed .', 'This shot is over-exposed.'],
    ['it is darker .', 'The image is darker than before.'],
    ['the darker image .', 'Compared with the original, this photo is dimmer.'],
    ['this photo is too noisy and flatter .', 'A grainy photo with less contrast than before.'],
    ['a more vivid image .', 'The photo has become more saturated than it was.'],
    ['this is a blurred and duller photo .', 'The picture is blurry and less colorful.'],
  ])('accepts %j as %j', (template, paraphrase) => {
    expect(keepsMeaning(template, paraphrase)).toBe(true);
  });

  it.each([
    ['another direction', pair, 'The first image is brighter and noisier than the second.'],
    ['the other photograph', pair, 'The second image is darker and noisier than the first.'],
    ['an attribute less', pair, 'The first image is darker than the second.'],
    ['an attribute more', pair, 'The first image is darker, noisier and blurrier than the second.'],
    ['one photograph instead of two', pair, 'The image is dark and noisy.'],
    ['two photographs instead of one', 'it is dark .', 'The first image is dark.'],
    ['dark for darker', 'it is darker .', 'The image is dark.'],
    ['darker for dark', 'this photo is too dark .', 'This photo is darker than before.'],
    ['low contrast for less', 'the flatter image .', 'An image with low contrast.'],
    ['a denial', pair, 'The first image is darker, not noisier, than the second.'],
    ['the whole instead of the subject', 'it is soft at the subject .', 'The whole photo is blurry.'],
    ['something else', pair, 'Sure! Here is a paraphrase.'],
  ])('refuses %s', (_, template, paraphrase) => {
    expect(keepsMeaning(template, paraphrase)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { aestheticQa } from './questions.ts';

const photo = { name: 'a.jpg', path: '/x/a.jpg', split: 'train' } as const;

describe('aesthetic questions', () => {
  it('asks for what is labelled and for nothing else', () => {
    const rated = { ...photo, score: 0.9, attributes: { ColorHarmony: -0.9, Unknown: 1 } };
    const turns = [...aestheticQa('AADB', [rated])].map(({ turns: [human, gpt] }) => [human!.value, gpt!.value]);
    expect(turns).toEqual([
      ['<image>\nHow would you rate the aesthetics of this image?', 'The aesthetics of the image are excellent.'],
      ['<image>\nHow is the color harmony of this image?', 'The color harmony is bad.'],
    ]);
    expect([...aestheticQa('SPAQ', [{ ...photo, score: null, attributes: {} }])]).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { aestheticQa, levelWord } from './questions.ts';

const photo = { name: 'a.jpg', path: '/x/a.jpg', split: 'train' } as const;

describe('aesthetic questions', () => {
  it('cuts a scale into fifths from where it begins', () => {
    const words = (values: readonly number[], scale: readonly [number, number]) =>
      values.map((value) => levelWord(value, scale));
    expect(words([1, 1.59, 2.21, 2.81, 4], [1, 4])).toEqual(['bad', 'bad', 'fair', 'good', 'excellent']);
    expect(words([-1, -0.2, 0, 0.3, 1, 2], [-1, 1])).toEqual(['bad', 'poor', 'fair', 'good', 'excellent', 'excellent']);
    // Q-Align's borders on 2..96 are 18.8, 37.6, …: 20 would be poor there.
    expect(levelWord(20, [2, 96])).toBe('bad');
  });

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

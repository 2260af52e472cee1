import { describe, expect, it } from 'vitest';
import type { RatedPhoto } from '../rated-photos.ts';
import { comparisons, wordQuestions } from './questions.ts';

const photo = { name: 'a.jpg', path: '/x/a.jpg', split: 'train' } as const;
const texts = (asked: Iterable<{ conversations: readonly (readonly { question: string; answer: string }[])[] }>) =>
  [...asked].map(({ conversations }) =>
    conversations.map((turns) => turns.map(({ question, answer }) => `${question} ${answer}`).join(' ')),
  );

describe('labels as words', () => {
  it('ask for what is labelled and for nothing else', () => {
    const rated = { ...photo, score: 0.9, attributes: { ColorHarmony: -0.9, Unknown: 1 } };
    expect(texts(wordQuestions('AADB', [rated]))).toEqual([
      [
        'How would you rate the aesthetics of this image? The aesthetics of the image are excellent.',
        'How is the color harmony of this image? The color harmony is bad.',
      ],
    ]);
    expect([...wordQuestions('SPAQ', [{ ...photo, score: null, attributes: {} }])]).toEqual([]);
    expect(texts(wordQuestions('TAD66K', [{ ...photo, score: 5, attributes: {} }]))[0]).toHaveLength(1);
  });

  it('leave the texts of PCCD, which are long, apart', () => {
    const written = { ...photo, score: null, attributes: { focus: 10 }, texts: { focus: 'Sharp.', composition: '' } };
    expect(texts(wordQuestions('PCCD', [written]))).toEqual([
      ['How is the focus of this image? The focus is excellent.'],
      ['Comment on the focus of this image. Sharp.'],
    ]);
  });
});

describe('labels as comparisons', () => {
  const photos = Array.from({ length: 40 }, (_, i): RatedPhoto => {
    return { ...photo, name: `${i}`, score: i % 5, attributes: { color: 7 } };
  });
  const all = [...comparisons('ICAA17K', photos, 3)];

  it('are of two photographs whose labels differ clearly, and name the higher', () => {
    expect(all.length).toBeGreaterThan(10);
    for (const { photos: two, conversations } of all) {
      const [one, other] = two.map(({ score }) => score!) as [number, number];
      // The deviation of 0 to 4 is the root of 2; a label that all share is never compared.
      expect(Math.abs(one - other)).toBeGreaterThanOrEqual(2);
      expect(conversations).toEqual([
        [
          {
            question: 'Which of the two images is rated higher for its aesthetics?',
            answer: `The ${one > other ? 'first' : 'second'} image is rated higher for its aesthetics.`,
          },
        ],
      ]);
    }
    const firsts = all.filter(({ photos: [one, other] }) => one!.score! > other!.score!).length;
    expect(firsts / all.length).toBeGreaterThan(0.25);
    expect(firsts / all.length).toBeLessThan(0.75);
  });

  it('are drawn by the seed', () => {
    const names = (seed: number) => [...comparisons('ICAA17K', photos, seed)].map(({ photos: [one] }) => one!.name);
    expect(names(3)).toEqual(names(3));
    expect(names(4)).not.toEqual(names(3));
    expect([...comparisons('ICAA17K', [], 3)]).toEqual([]);
  });
});

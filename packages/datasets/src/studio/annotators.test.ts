import { nano } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { joiningRatings, testEpisodes, trainingEpisode } from '../flickr-aes/episodes.ts';
import { personalRatings } from './write-personal.ts';

const personal = nano.personal;
const ratings = personalRatings(0, personal);
const byWorker = new Map<string, typeof ratings>();
for (const rating of ratings) byWorker.set(rating.worker, [...(byWorker.get(rating.worker) ?? []), rating]);
const imagesOf = (list: readonly { readonly image: string }[]): Set<string> => new Set(list.map(({ image }) => image));

describe('the embedded annotators', () => {
  it('are as many as configured, rate as many photographs, and give integers 1..5 of different means', () => {
    expect(byWorker.size).toBe(personal.train.annotators + personal.test.annotators);
    const counts = [...byWorker.values()].map((own) => own.length);
    expect(new Set(counts)).toEqual(new Set([personal.train.ratings, personal.test.ratings]));
    for (const { score } of ratings) expect([1, 2, 3, 4, 5]).toContain(score);
    const means = [...byWorker.values()].map((own) => own.reduce((sum, { score }) => sum + score, 0) / own.length);
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(0.5);
  });

  it('share no photograph between training and test', () => {
    const isTest = ({ worker }: { readonly worker: string }): boolean => worker.startsWith('B');
    const test = imagesOf(ratings.filter(isTest));
    expect(ratings.filter((rating) => !isTest(rating) && test.has(rating.image))).toEqual([]);
  });

  it('of the validation split are others, with photographs of their own; those of training are the same', () => {
    const validation = personalRatings(0, personal, 'val');
    const [train, val] = ['A', 'C'].map((initial) => validation.filter(({ worker }) => worker.startsWith(initial)));
    expect(train!.length + val!.length).toBe(validation.length);
    expect(train).toEqual(ratings.filter(({ worker }) => worker.startsWith('A')));
    expect(new Set(val!.map(({ worker }) => worker)).size).toBe(personal.test.annotators);
    const known = imagesOf(ratings);
    expect(val!.filter(({ image }) => known.has(image))).toEqual([]);
  });

  it('disagree about the same photographs', () => {
    const [first, second] = ['B0000', 'B0001'].map((worker) => byWorker.get(worker)!);
    const given = new Map(first!.map(({ image, score }) => [image, score]));
    const both = second!.flatMap(({ image, score }) => (given.has(image) ? [[given.get(image)!, score] as const] : []));
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const [x, y] = [mean(both.map(([a]) => a)), mean(both.map(([, b]) => b))];
    expect(mean(both.map(([a, b]) => (a - x) * (b - y)))).toBeLessThan(0);
  });
});

describe('episodes', () => {
  const annotator = { worker: 'B0000', ratings: byWorker.get('B0000')! };

  it('for training hold each photograph once and change with the epoch', () => {
    const episode = trainingEpisode(0, 0, annotator, 8);
    expect(imagesOf(episode).size).toBe(8);
    expect(trainingEpisode(0, 0, annotator, 8)).toEqual(episode);
    expect(trainingEpisode(0, 1, annotator, 8)).not.toEqual(episode);
  });

  it('with joining photographs draw every context from them and never ask about them', () => {
    const joined = imagesOf(joiningRatings(3, annotator, 10));
    expect(joined.size).toBe(10);
    const contexts = [0, 1].map((repeat) => testEpisodes(3, repeat, annotator, { contextSize: 7, joining: 10 }));
    for (const { context, queries } of contexts) {
      expect(context).toHaveLength(7);
      for (const { image } of context) expect(joined).toContain(image);
      expect(queries).toHaveLength(annotator.ratings.length - 10);
      for (const { image } of queries) expect(joined).not.toContain(image);
    }
    expect(contexts[0]!.context).not.toEqual(contexts[1]!.context);
  });

  it('without joining photographs ask about all that are not in the context', () => {
    const { context, queries } = testEpisodes(3, 0, annotator, { contextSize: 5, joining: 0 });
    expect([context.length, queries.length]).toEqual([5, annotator.ratings.length - 5]);
    expect(imagesOf([...context, ...queries]).size).toBe(annotator.ratings.length);
  });
});

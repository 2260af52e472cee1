// Episodes of one annotator's ratings, and which of a test annotator's photographs join training: the protocol of
// personalized assessment (CALM, section 4.2), the same for trainer and evaluator. All draws are keyed by seed and worker.
import { rng } from '@calm-orch/core';
import type { Annotator } from './read.ts';
import type { FlickrAesRating } from './rows.ts';

/** The `count` photographs of a test annotator that join training: drawn once per seed, whatever the repeat. */
export function joiningRatings(seed: number, { worker, ratings }: Annotator, count: number): FlickrAesRating[] {
  return rng(seed, 'joining', worker).shuffle(ratings).slice(0, count);
}

/** One episode for training: `size` of the annotator's ratings in random order. */
export function trainingEpisode(
  seed: number,
  epoch: number,
  { worker, ratings }: Annotator,
  size: number,
): FlickrAesRating[] {
  return rng(seed, 'episode', worker, epoch).shuffle(ratings).slice(0, size);
}

export interface TestEpisodes {
  readonly context: readonly FlickrAesRating[];
  /** Photographs to predict: never in training, never in the context. */
  readonly queries: readonly FlickrAesRating[];
}

/**
 * Context and queries of one repeat. With `joining` the context comes from those photographs and the queries are all
 * others; without, the context is drawn from all and the queries are the rest.
 */
export function testEpisodes(
  seed: number,
  repeat: number,
  annotator: Annotator,
  { contextSize, joining }: { readonly contextSize: number; readonly joining: number },
): TestEpisodes {
  const joined = joiningRatings(seed, annotator, joining);
  const pool = joining > 0 ? joined : annotator.ratings;
  const context = rng(seed, 'context', annotator.worker, repeat).shuffle(pool).slice(0, contextSize);
  const taken = new Set((joining > 0 ? joined : context).map(({ image }) => image));
  return { context, queries: annotator.ratings.filter(({ image }) => !taken.has(image)) };
}

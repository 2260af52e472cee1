// People who look at the same photographs and weigh the same traits differently. The generous like them bright and vivid,
// the strict dark and muted, each to a degree of their own, and all share the public's taste a little: how somebody scores
// tells what they like. Scores are integers 1..5, as in FLICKR-AES.
import { rng } from '@calm-orch/core';
import { studioRecord, type StudioRecord } from './photo.ts';

export interface StudioAnnotator {
  readonly name: string;
  /** Weights of how bright and how colourful a photograph is, each about standard normal over the photographs. */
  readonly brightness: number;
  readonly color: number;
  /** Points above the middle of the scale. */
  readonly generosity: number;
}

/** Weight of the public's taste. */
const publicShare = 0.3;
/** Deviation of a rating from an annotator's own taste, in units of that taste's deviation. */
const ratingNoise = 0.2;

const initials = { train: 'A', test: 'B', val: 'C' } as const;
export type Side = keyof typeof initials;

/** The annotator `index` of a side, generous and strict by turns. */
export function studioAnnotator(seed: number, side: Side, index: number): StudioAnnotator {
  const name = `${initials[side]}${String(index).padStart(4, '0')}`;
  const random = rng('studio', seed, 'annotator', name);
  const sign = index % 2 === 0 ? 1 : -1;
  return {
    name,
    brightness: sign * random.range(0.6, 1.2),
    color: sign * random.range(0.6, 1.2),
    generosity: sign * random.range(0.4, 0.9),
  };
}

/** Photograph `id` of the annotators' own pool. */
export const personalRecord = (seed: number, id: number): StudioRecord => studioRecord(seed, 'personal', id);

/** An annotator's score of a photograph, 1..5. */
export function ratingOf(seed: number, annotator: StudioAnnotator, id: number): number {
  const { name, brightness, color, generosity } = annotator;
  const { score, degradation } = personalRecord(seed, id);
  const bright = degradation.stops / 0.55;
  const colorful = (Math.log(degradation.saturation) + 0.1) / 0.5;
  const common = (score - 5.4) / 1.1;
  const taste = brightness * bright + color * colorful + publicShare * common;
  const noise = rng('studio', seed, 'rating', name, id).normal(0, ratingNoise);
  const standard = taste / Math.hypot(brightness, color, publicShare);
  return Math.min(5, Math.max(1, Math.round(3 + generosity + 1.1 * (standard + noise))));
}

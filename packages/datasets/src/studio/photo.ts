// One studio photograph as a pure function of (seed, pool, id): the seam the writers and the foundation's trainer use.
// Every part has its own random key, so changing how comments are drawn cannot move a pixel.
import { rng, type Rng } from '@calm-orch/core';
import { appearanceClause, contentCaption } from './captions.ts';
import { commentsOn } from './comments.ts';
import { degrade, type Degradation } from './degrade.ts';
import { render, type Subject } from './render.ts';
import { describeScene, type Scene } from './scene.ts';
import {
  drawDegradation,
  drawMildDegradation,
  drawViewDegradation,
  drawVotes,
  tasteScore,
  traitsOf,
  traitVectorOf,
  type Traits,
} from './taste.ts';

/**
 * `labeled`: AVA; `validation`: for choosing settings; `generic`: LLaVA-Pretrain; `unlabeled`: self-supervision; `foundation`: the frozen ViT's own data;
 * `personal`: FLICKR-AES. */
export type Pool = 'labeled' | 'validation' | 'generic' | 'unlabeled' | 'foundation' | 'personal';

/** Everything about a photograph but its pixels. */
export interface StudioRecord {
  readonly scene: Scene;
  readonly degradation: Degradation;
  readonly traits: Traits;
  /** In the order of `traitNames`. */
  readonly traitVector: readonly number[];
  /** Latent mean score, 1..9.9. */
  readonly score: number;
  /** Vote counts c1..c10. */
  readonly votes: readonly number[];
  readonly caption: string;
  readonly comments: readonly string[];
}

export interface StudioImage {
  /** side*side*3, RGB, 0..1. */
  readonly image: Float32Array;
  readonly side: number;
  readonly subject: Subject;
}

export type StudioPhoto = StudioRecord & StudioImage;

const degradationOf: Readonly<Record<Pool, (random: Rng) => Degradation>> = {
  labeled: drawDegradation,
  validation: drawDegradation,
  generic: drawDegradation,
  unlabeled: drawMildDegradation,
  foundation: drawViewDegradation,
  personal: drawDegradation,
};

/** The scene of a photograph alone. */
export function studioScene(seed: number, pool: Pool, id: number): Scene {
  return describeScene(rng('studio', seed, pool, id, 'scene'));
}

/** What is known about the photograph `id` of a pool. */
export function studioRecord(seed: number, pool: Pool, id: number): StudioRecord {
  const key = (part: string): Rng => rng('studio', seed, pool, id, part);
  const scene = studioScene(seed, pool, id);
  const degradation = degradationOf[pool](key('degradation'));
  const traits = traitsOf(scene, degradation);
  const score = tasteScore(traits);
  return {
    scene,
    degradation,
    traits,
    traitVector: traitVectorOf(traits),
    score,
    votes: drawVotes(score, key('votes')),
    caption: contentCaption(scene, key('caption')),
    comments: commentsOn(scene, degradation, score, key('comments')),
  };
}

/** The pixels of the photograph `id` of a pool at `side` pixels. */
export function studioImage(seed: number, pool: Pool, id: number, side = 64): StudioImage {
  const { image, subject } = render(studioScene(seed, pool, id), side);
  const degradation = degradationOf[pool](rng('studio', seed, pool, id, 'degradation'));
  const noise = rng('studio', seed, pool, id, 'noise');
  return { image: degrade(image, side, degradation, noise), side, subject };
}

/** The photograph `id` of a pool at `side` pixels with all that is known about it. */
export function studioPhoto(seed: number, pool: Pool, id: number, side = 64): StudioPhoto {
  return { ...studioRecord(seed, pool, id), ...studioImage(seed, pool, id, side) };
}

export interface PhotoView {
  readonly image: Float32Array;
  readonly degradation: Degradation;
  /** How this view looks ('the photo is dark .'), '' where nothing stands out. */
  readonly appearance: string;
}

/** A random view of a scene, as somebody might have taken it; two views of one scene share only what is shown. */
export function photoView(scene: Scene, random: Rng, side = 64): PhotoView {
  const degradation = drawViewDegradation(random);
  const image = degrade(render(scene, side).image, side, degradation, random);
  return { image, degradation, appearance: appearanceClause(degradation, random) };
}

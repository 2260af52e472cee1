// The latent taste behind the studio's votes: seven traits, each roughly standardised and each "more is better"; the
// mean score is their weighted sum. Only exposure bends: too dark costs much, too bright little.
import type { Rng } from '@calm-orch/core';
import type { Degradation } from './degrade.ts';
import type { Scene } from './scene.ts';

export const traitNames = ['sharpness', 'noise', 'exposure', 'color', 'contrast', 'placement', 'clutter'] as const;
export type TraitName = (typeof traitNames)[number];
/** Goodness in each trait: 0 is a faultless photograph or (colour, contrast) an ordinary one. */
export type Traits = Readonly<Record<TraitName, number>>;

/** Points of score per unit of a trait, before `spread`. */
export const tasteWeights: Traits = {
  sharpness: 0.9,
  noise: 0.9,
  exposure: 0.7,
  color: 0.5,
  contrast: 0.4,
  placement: 0.4,
  clutter: 0.4,
};

const faultlessScore = 7.4;
const spread = 0.9;
const thirds = [1 / 3, 2 / 3] as const;

/** Distance of the subject's centre from the nearest crossing of the thirds, in units of the side. */
export function distanceFromThirds(scene: Scene): number {
  const { x, y } = scene.subject;
  return Math.min(...thirds.flatMap((p) => thirds.map((q) => Math.hypot(x - p, y - q))));
}

/** Traits of the average scene, for photographs of which nobody knows them. */
const averageScene = { placement: -1, clutter: -1 } as const;

/** `scene` null: a photograph of which the scene's own traits are unknown. */
export function traitsOf(scene: Scene | null, degradation: Degradation): Traits {
  const { blur, noise, stops, saturation, contrast } = degradation;
  return {
    sharpness: -blur / 1.2,
    noise: -noise / 0.1,
    exposure: (Math.min(stops, 0) - 0.3 * Math.max(stops, 0)) / 0.45,
    color: Math.log(saturation) / 0.5,
    contrast: Math.log(contrast) / 0.3,
    ...(scene === null
      ? averageScene
      : { placement: -distanceFromThirds(scene) / 0.15, clutter: -scene.others.length / 1.5 }),
  };
}

/** The trait vector in the order of `traitNames`. */
export function traitVectorOf(traits: Traits): number[] {
  return traitNames.map((name) => traits[name]);
}

/** The mean vote a large public would give, 1..9.9. */
export function tasteScore(traits: Traits): number {
  const weighted = traitNames.reduce((sum, name) => sum + tasteWeights[name] * traits[name], 0);
  return Math.min(9.9, Math.max(1, faultlessScore + spread * weighted));
}

/** Vote counts c1..c10 of about 200 raters around a mean score (AVA's raters spread by 1.4 points around theirs). */
export function drawVotes(score: number, random: Rng): number[] {
  const votes = new Array<number>(10).fill(0);
  const numRaters = 150 + random.int(101);
  // Near the ends of the scale votes are cut off, which would pull the mean; raters agree more there.
  const deviation = Math.min(1.4, 0.35 + 0.5 * Math.min(score - 1, 10 - score));
  for (let rater = 0; rater < numRaters; rater++) {
    const vote = Math.round(random.normal(score, deviation));
    votes[Math.min(10, Math.max(1, vote)) - 1]! += 1;
  }
  return votes;
}

/** How a labelled photograph was taken: about half are blurred, half noisy; colours vary freely. */
export function drawDegradation(random: Rng): Degradation {
  const blurred = random.uniform() < 0.45;
  const blur = random.range(0.4, 1.8);
  const noisy = random.uniform() < 0.45;
  const noise = random.range(0.03, 0.18);
  return {
    blur: blurred ? blur : 0,
    noise: noisy ? noise : 0,
    stops: random.normal(0, 0.55),
    saturation: Math.exp(random.normal(-0.1, 0.5)),
    contrast: Math.exp(random.normal(0, 0.3)),
  };
}

/** The same for a crop of a carried photograph: faultless in itself, so that its faults may be as strong as people's worst. */
export function drawPhotographDegradation(random: Rng): Degradation {
  const blurred = random.uniform() < 0.4;
  const blur = random.range(0.4, 4);
  const noisy = random.uniform() < 0.4;
  const noise = random.range(0.03, 0.25);
  return {
    blur: blurred ? blur : 0,
    noise: noisy ? noise : 0,
    stops: random.normal(0, 0.8),
    saturation: Math.exp(random.normal(-0.2, 0.7)),
    contrast: Math.exp(random.normal(0, 0.3)),
  };
}

/** A random view for the foundation: two views of one scene must look alike to its last layer. */
export function drawViewDegradation(random: Rng): Degradation {
  const blurred = random.uniform() < 0.5;
  const blur = random.range(0.3, 1.8);
  const noisy = random.uniform() < 0.5;
  const noise = random.range(0.03, 0.18);
  return {
    blur: blurred ? blur : 0,
    noise: noisy ? noise : 0,
    stops: random.normal(0, 0.5),
    saturation: Math.exp(random.normal(0, 0.5)),
    contrast: Math.exp(random.normal(0, 0.3)),
  };
}

/** Clean or nearly clean: unlabelled photographs, so that what an augmentation adds stands out. */
export function drawMildDegradation(random: Rng): Degradation {
  const blurred = random.uniform() < 0.2;
  const blur = random.range(0.3, 0.6);
  const noisy = random.uniform() < 0.2;
  const noise = random.range(0.01, 0.04);
  return {
    blur: blurred ? blur : 0,
    noise: noisy ? noise : 0,
    stops: random.normal(0, 0.15),
    saturation: Math.exp(random.normal(0, 0.15)),
    contrast: Math.exp(random.normal(0, 0.1)),
  };
}

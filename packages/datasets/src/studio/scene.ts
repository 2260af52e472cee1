// What a studio photograph shows, before anybody takes it: a place, a horizon, one main subject, a few other objects.
// Colours are fixed per place and per kind of object (up to a small jitter). That is deliberate: where any colour may
// occur, nobody can tell an underexposed photograph from one of a dark subject, and the traits could not be learnt.
import type { Rng } from '@calm-orch/core';

export type Color = readonly [number, number, number];

/** Places with their sky and ground colour, RGB in 0..1; order is part of the data (a scene stores the index). */
export const places = [
  { name: 'meadow', sky: [0.5, 0.7, 0.95], ground: [0.3, 0.55, 0.25] },
  { name: 'desert', sky: [0.95, 0.6, 0.4], ground: [0.35, 0.25, 0.2] },
  { name: 'street', sky: [0.75, 0.78, 0.8], ground: [0.5, 0.5, 0.52] },
  { name: 'beach', sky: [0.35, 0.45, 0.6], ground: [0.8, 0.72, 0.5] },
] as const satisfies readonly { name: string; sky: Color; ground: Color }[];

/** Kinds of object: what captions call them, their colour (shapes are in render.ts, by index). */
export const objectKinds = [
  { name: 'ball', colorName: 'red', color: [0.85, 0.2, 0.15] },
  { name: 'box', colorName: 'blue', color: [0.15, 0.35, 0.8] },
  { name: 'kite', colorName: 'yellow', color: [0.95, 0.8, 0.2] },
  { name: 'post', colorName: 'green', color: [0.2, 0.6, 0.3] },
  { name: 'tent', colorName: 'purple', color: [0.7, 0.3, 0.7] },
  { name: 'ring', colorName: 'white', color: [0.95, 0.95, 0.95] },
] as const satisfies readonly { name: string; colorName: string; color: Color }[];

/** One object; centre and radius in units of the side of the photograph. */
export interface SceneObject {
  /** Index into `objectKinds`. */
  readonly kind: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly color: Color;
}

export interface Scene {
  /** Index into `places`. */
  readonly place: number;
  /** Height of the horizon from the top, 0..1. */
  readonly horizon: number;
  readonly subject: SceneObject;
  /** 0 to 3 smaller objects that distract from the subject. */
  readonly others: readonly SceneObject[];
}

/** Draws a scene; the order of the draws is part of the data. */
export function describeScene(random: Rng): Scene {
  const place = random.int(places.length);
  const horizon = random.range(0.35, 0.65);
  const numOthers = random.int(4);
  const subject = describeObject(random, 0.14, 0.22);
  const others = Array.from({ length: numOthers }, () => describeObject(random, 0.05, 0.1));
  return { place, horizon, subject, others };
}

function describeObject(random: Rng, minRadius: number, maxRadius: number): SceneObject {
  const kind = random.int(objectKinds.length);
  const radius = random.range(minRadius, maxRadius);
  const x = random.range(0.12, 0.88);
  const y = random.range(0.15, 0.85);
  const [red, green, blue] = objectKinds[kind]!.color;
  const jitter = 0.03;
  const color: Color = [random.normal(red, jitter), random.normal(green, jitter), random.normal(blue, jitter)];
  return { kind, x, y, radius, color };
}

// Captions in plain English: always what is shown, never (unless asked) how it looks, because that is how people
// caption. Lower case, tokens separated by single spaces, '.' and ',' tokens of their own.
import type { Rng } from '@calm-orch/core';
import type { Degradation } from './degrade.ts';
import { objectKinds, places, type Scene, type SceneObject } from './scene.ts';
import { listed } from '../text/listed.ts';

const placePhrases = {
  meadow: ['in a meadow', 'on the green grass of a meadow'],
  desert: ['in the desert', 'in a desert at sunset'],
  street: ['in a street', 'on a grey street'],
  beach: ['on the beach', 'on a beach with yellow sand'],
} as const;

const openings = ['', 'a photo of ', 'a picture of ', 'here we see ', 'this photo shows '] as const;
const positions = ['on the left', 'in the middle', 'on the right'] as const;

/** Words for how a photograph looks; the bounds are those at which people start to notice. */
const appearances: readonly { readonly holds: (d: Degradation) => boolean; readonly phrases: readonly string[] }[] = [
  { holds: (d) => d.blur > 0.8, phrases: ['blurred', 'out of focus'] },
  { holds: (d) => d.noise > 0.08, phrases: ['noisy', 'full of grain'] },
  { holds: (d) => d.stops < -0.5, phrases: ['dark', 'too dark'] },
  { holds: (d) => d.stops > 0.5, phrases: ['bright', 'too bright'] },
  { holds: (d) => d.saturation < 0.6, phrases: ['dull', 'without color'] },
  { holds: (d) => d.saturation > 1.6, phrases: ['vivid', 'very colorful'] },
];

const nameOf = (object: SceneObject): string => {
  const { name, colorName } = objectKinds[object.kind]!;
  return `a ${colorName} ${name}`;
};

const positionOf = (object: SceneObject): string => positions[Math.min(2, Math.floor(object.x * 3))]!;

/** What the photograph shows: the subject and where it stands, the place, and mostly the other objects. */
export function contentCaption(scene: Scene, random: Rng): string {
  const opening = random.pick(openings);
  const place = random.pick(placePhrases[places[scene.place]!.name]);
  const withPosition = random.uniform() < 0.4;
  const withOthers = random.uniform() < 0.7;
  const subject = withPosition ? `${nameOf(scene.subject)} ${positionOf(scene.subject)} ,` : nameOf(scene.subject);
  const names = [...new Set(scene.others.map(nameOf))].filter((name) => name !== nameOf(scene.subject));
  const others = withOthers && names.length > 0 ? ` with ${listed(names)}` : '';
  return `${opening}${subject} ${place}${others} .`;
}

/** How the photograph looks, as a clause to put after a caption ('the photo is dark and noisy .'), or ''. */
export function appearanceClause(degradation: Degradation, random: Rng): string {
  const phrases = appearances
    .filter(({ holds }) => holds(degradation))
    .map(({ phrases: options }) => random.pick(options));
  return phrases.length === 0 ? '' : `the photo is ${listed(phrases)} .`;
}

/** Sentences that together use every word a caption can hold. */
export function* captionTexts(): Iterable<string> {
  for (const opening of openings) yield `${opening}.`;
  for (const phrases of Object.values(placePhrases)) for (const phrase of phrases) yield `${phrase} , with`;
  for (const position of positions) yield position;
  for (const { name, colorName } of objectKinds) yield `a ${colorName} ${name}`;
  for (const { phrases } of appearances) for (const phrase of phrases) yield `the photo is ${phrase} and`;
}

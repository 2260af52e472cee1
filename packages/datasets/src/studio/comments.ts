// What visitors write under a photograph: which traits they find good or bad, few words, lower case. A comment names
// traits in proportion to how much they move the score, so the loudest fault is named most often.
import type { Rng } from '@calm-orch/core';
import type { Degradation } from './degrade.ts';
import { objectKinds, type Scene } from './scene.ts';
import { distanceFromThirds } from './taste.ts';

interface Aspect {
  readonly good: boolean;
  /** 0: not noticed. Otherwise the weight with which commenters name it, in points of score or so. */
  readonly salience: (scene: Scene | null, degradation: Degradation) => number;
  /** Main clauses; 'SUBJECT' becomes the name of the main object. */
  readonly clauses: readonly string[];
}

const when = (condition: boolean, salience: number): number => (condition ? salience : 0);

/** Every aspect a comment may name; good and bad of one trait never hold together. */
const aspects: readonly Aspect[] = [
  {
    good: true,
    salience: (_, d) => when(d.blur < 0.3, 0.5),
    clauses: ['the SUBJECT is sharp', 'nice sharp focus', 'i like the crisp details', 'very sharp and clear'],
  },
  {
    good: false,
    salience: (_, d) => when(d.blur > 0.6, 0.7 * d.blur),
    clauses: ['the SUBJECT is out of focus', 'it is too blurry', 'the focus is soft', 'it is not sharp enough'],
  },
  {
    good: true,
    salience: (_, d) => when(d.noise < 0.03, 0.4),
    clauses: ['a clean image without noise', 'i like how clean it is', 'smooth and clean tones'],
  },
  {
    good: false,
    salience: (_, d) => when(d.noise > 0.05, 8 * d.noise),
    clauses: ['there is too much noise', 'it is very grainy', 'the grain hurts this photo', 'so much noise in the sky'],
  },
  {
    good: true,
    salience: (_, d) => when(Math.abs(d.stops) < 0.3, 0.5),
    clauses: ['good exposure', 'the light is just right', 'i like the light', 'the photo is well exposed'],
  },
  {
    good: false,
    salience: (_, d) => when(d.stops < -0.4, -1.4 * d.stops),
    clauses: ['it is too dark', 'the SUBJECT needs more light', 'the photo is underexposed', 'a bit dark for me'],
  },
  {
    good: false,
    salience: (_, d) => when(d.stops > 0.5, 0.7 * d.stops),
    clauses: ['it is too bright', 'the sky is blown out', 'the photo is overexposed', 'too much light'],
  },
  {
    good: true,
    salience: (_, d) => when(d.saturation > 1.3, 0.9 * Math.log(d.saturation)),
    clauses: [
      'great colors',
      'i love the rich colors',
      'the colors of the SUBJECT are so vivid',
      'the colors are strong',
    ],
  },
  {
    good: false,
    salience: (_, d) => when(d.saturation < 0.65, -0.9 * Math.log(d.saturation)),
    clauses: ['the colors are dull', 'it needs more color', 'the SUBJECT looks pale', 'the colors are weak'],
  },
  {
    good: true,
    salience: (_, d) => when(d.contrast > 1.25, 1.2 * Math.log(d.contrast)),
    clauses: ['good contrast', 'strong contrast', 'i like the contrast in this one'],
  },
  {
    good: false,
    salience: (_, d) => when(d.contrast < 0.8, -1.2 * Math.log(d.contrast)),
    clauses: ['it looks flat', 'the contrast is low', 'it needs more contrast'],
  },
  {
    good: true,
    salience: (scene) => when(scene !== null && distanceFromThirds(scene) < 0.09, 0.4),
    clauses: ['good composition', 'the SUBJECT is placed well', 'i like where the SUBJECT is'],
  },
  {
    good: false,
    salience: (scene) => when(scene !== null && distanceFromThirds(scene) > 0.2, 0.5),
    clauses: ['the SUBJECT is badly placed', 'the composition is off', 'i would move the SUBJECT'],
  },
  {
    good: true,
    salience: (scene) => when(scene?.others.length === 0, 0.4),
    clauses: ['a simple scene', 'i like the simple background', 'nothing takes the eye from the SUBJECT'],
  },
  {
    good: false,
    salience: (scene) => when(scene?.others.length === 3, 0.5),
    clauses: ['it is too busy', 'too many things in the background', 'the background takes the eye from the SUBJECT'],
  },
];

const plain = ['an ordinary photo of a SUBJECT', 'the SUBJECT is fine'] as const;
const verdicts = {
  high: ['great photo', 'lovely shot', 'well done', 'beautiful work'],
  middle: ['nice try', 'not bad', 'okay shot', 'an okay photo'],
  low: ['not a good photo', 'i do not like this', 'poor shot', 'sorry , this does not work'],
} as const;

/** Five comments on one photograph, each ending in ' .'. `scene` null: nobody knows what it shows. */
export function commentsOn(scene: Scene | null, degradation: Degradation, score: number, random: Rng): string[] {
  const noticed = aspects
    .map((aspect) => ({ aspect, salience: aspect.salience(scene, degradation) }))
    .filter(({ salience }) => salience > 0);
  const subject = scene === null ? 'photo' : objectKinds[scene.subject.kind]!.name;
  const fallbacks = scene === null ? plain.slice(1) : plain;
  const verdict = verdicts[score > 6 ? 'high' : score > 4.8 ? 'middle' : 'low'];
  return Array.from({ length: 5 }, () => {
    const parts: string[] = [];
    if (random.uniform() < 0.35) parts.push(`${random.pick(verdict)} ,`);
    const first = draw(noticed, random);
    const second =
      random.uniform() < 0.55
        ? draw(
            noticed.filter((n) => n !== first),
            random,
          )
        : undefined;
    parts.push(first ? random.pick(first.aspect.clauses) : random.pick(fallbacks));
    if (second)
      parts.push(first?.aspect.good === second.aspect.good ? 'and' : 'but', random.pick(second.aspect.clauses));
    return `${parts.join(' ')} .`.replaceAll('SUBJECT', subject);
  });
}

function draw<T extends { readonly salience: number }>(items: readonly T[], random: Rng): T | undefined {
  let left = random.uniform() * items.reduce((sum, { salience }) => sum + salience, 0);
  return items.find(({ salience }) => (left -= salience) < 0) ?? items.at(-1);
}

/** Sentences that together use every word a comment can hold. */
export function* commentTexts(): Iterable<string> {
  const texts = [
    ...aspects.flatMap(({ clauses }) => clauses),
    ...plain,
    ...Object.values(verdicts).flat(),
    'and but ,',
  ];
  for (const text of texts) yield `${text} .`.replaceAll('SUBJECT', objectKinds[0].name);
}

// Pseudo-labels of self-supervision: from what an augmentation did to a photograph to a sentence that says it, for one
// photograph or for a pair. The phrasings are the same for all groups, so no group can be told by its grammar.
import { CalmError, type Rng } from '@calm-orch/core';
import { attributeNames, wordsOf, type AttributeName } from './attributes.ts';
import { listed } from '../text/listed.ts';

/** Which of the two photographs of a pair the augmented one is. */
export type AugmentedPlace = 'first' | 'second';

export interface Labels {
  readonly single: readonly string[];
  readonly augmentedFirst: readonly string[];
  readonly augmentedSecond: readonly string[];
}

const nouns = ['image', 'photo'] as const;
/** LIST is replaced by one to three attributes. */
const adjectiveForms = ['the LIST NOUN .', 'a LIST NOUN .', 'this is a LIST NOUN .'] as const;
const stateForms = ['this NOUN is LIST .', 'the NOUN is LIST .', 'it is LIST .'] as const;
/** X is the photograph spoken of, Y the other. */
const pairForms = [
  'the X NOUN is LIST than the Y .',
  'the X is LIST than the Y .',
  'the X NOUN is LIST .',
  'compared with the Y NOUN , the X is LIST .',
] as const;

function requireSome(changed: readonly AttributeName[]): void {
  if (changed.length === 0) {
    throw new CalmError('invalid_argument', 'pseudo-label: expected at least one augmented attribute, got none');
  }
}

const none: ReadonlySet<AttributeName> = new Set();

/**
 * One sentence about the augmented photograph alone ('the blurred image .', 'this photo is too dark and grainy .').
 * `relative` attributes are true of it only beside the original ('the darker image .').
 */
export function singleLabel(changed: readonly AttributeName[], random: Rng, relative = none): string {
  requireSome(changed);
  const asAdjectives = random.uniform() < 0.5;
  const form = random.pick(asAdjectives ? adjectiveForms : stateForms);
  const noun = random.pick(nouns);
  // What it only is beside the original comes last: 'the less saturated and cropped image' could be less cropped.
  const inOrder = [...changed.filter((name) => !relative.has(name)), ...changed.filter((name) => relative.has(name))];
  const words = inOrder.map((name) => {
    const { adjectives, states, relatives } = wordsOf(name);
    return random.pick((relative.has(name) && relatives) || (asAdjectives ? adjectives : states));
  });
  return articled(form.replace('LIST', listed(words)).replace('NOUN', noun));
}

/**
 * One sentence about a pair of which the augmented photograph stands in `place`; usually about that one, sometimes
 * about the other in opposite words, so both directions occur for either order.
 */
export function pairLabel(changed: readonly AttributeName[], place: AugmentedPlace, random: Rng): string {
  requireSome(changed);
  const aboutAugmented = random.uniform() < 0.75;
  const form = random.pick(pairForms);
  const noun = random.pick(nouns);
  const words = changed.map((name) => {
    const { comparatives, opposites } = wordsOf(name);
    return random.pick(aboutAugmented ? comparatives : opposites);
  });
  const other = place === 'first' ? 'second' : 'first';
  const [spokenOf, against] = aboutAugmented ? [place, other] : [other, place];
  return form.replace('LIST', listed(words)).replace('NOUN', noun).replace('X', spokenOf).replace('Y', against);
}

/** `numPhrasings` sentences of each form; `relative` as for `singleLabel`. */
export function labelsOf(
  changed: readonly AttributeName[],
  random: Rng,
  numPhrasings = 3,
  relative: ReadonlySet<AttributeName> = none,
): Labels {
  const times = (label: () => string): string[] => Array.from({ length: numPhrasings }, label);
  return {
    single: times(() => singleLabel(changed, random, relative)),
    augmentedFirst: times(() => pairLabel(changed, 'first', random)),
    augmentedSecond: times(() => pairLabel(changed, 'second', random)),
  };
}

/** 'a underexposed' is not English. */
function articled(sentence: string): string {
  return sentence.replace(/\ba (?=[aeiou])/g, 'an ');
}

/** Sentences that together use every word a label can hold. */
export function* labelTexts(): Iterable<string> {
  for (const form of [...adjectiveForms, ...stateForms, ...pairForms]) {
    yield form
      .replace(/LIST|NOUN/g, ',')
      .replace('X', 'first')
      .replace('Y', 'second');
  }
  yield `${nouns.join(' ')} and an`;
  for (const name of attributeNames) {
    const { states, adjectives, relatives = [], comparatives, opposites } = wordsOf(name);
    yield* [...states, ...adjectives, ...relatives, ...comparatives, ...opposites];
  }
}

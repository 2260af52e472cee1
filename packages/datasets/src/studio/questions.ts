// Questions and answers built from labels (CALM-E): levels of attributes as AADB or SPAQ give them, votes, and what AVA's
// tags say is shown. None asks for, and no answer holds, a suggestion.
import { objectKinds, places } from './scene.ts';
import type { Traits } from './taste.ts';

export interface LabelledPhoto {
  readonly traits: Traits;
  /** Mean vote, 1..10. */
  readonly meanScore: number;
  /** AVA's semantic tags. */
  readonly tags: readonly string[];
}

export interface QuestionAnswer {
  readonly question: string;
  readonly answer: string;
}

/** The first text whose bound the value reaches; the last has none. */
const level = (value: number, ...texts: readonly (readonly [atLeast: number, text: string])[]): string =>
  (texts.find(([atLeast]) => value >= atLeast) ?? texts.at(-1)!)[1];

/** All questions a photograph's labels answer. */
export function questionsOn({ traits, meanScore, tags }: LabelledPhoto): QuestionAnswer[] {
  const place = tags.find((tag) => places.some(({ name }) => name === tag));
  const subject = tags.find((tag) => objectKinds.some(({ name }) => name === tag));
  const { sharpness, noise, exposure, color, contrast } = traits;
  return [
    {
      question: 'how sharp is this photo ?',
      answer: level(sharpness, [-0.25, 'it is very sharp .'], [-0.75, 'it is a bit soft .'], [0, 'it is too blurry .']),
    },
    {
      question: 'how noisy is this photo ?',
      answer: level(noise, [-0.3, 'it is clean .'], [-0.9, 'it is a bit noisy .'], [0, 'it is very noisy .']),
    },
    {
      question: 'how good is the light ?',
      answer: level(exposure, [-0.4, 'the light is just right .'], [-1, 'it is okay .'], [0, 'the light is poor .']),
    },
    {
      question: 'how vivid is this photo ?',
      answer: level(color, [0.6, 'it is very vivid .'], [-0.8, 'it is okay .'], [0, 'the colors are dull .']),
    },
    {
      question: 'how flat is this photo ?',
      answer: level(contrast, [0.75, 'the contrast is strong .'], [-0.75, 'it is okay .'], [0, 'it is very flat .']),
    },
    {
      question: 'how good is this photo ?',
      answer: level(meanScore, [6, 'it is great .'], [4.8, 'it is okay .'], [0, 'it is poor .']),
    },
    ...(place === undefined ? [] : [{ question: 'where is this photo from ?', answer: `the ${place} .` }]),
    ...(subject === undefined ? [] : [{ question: 'which subject is in focus ?', answer: `the ${subject} .` }]),
  ];
}

/** Sentences that together use every word of questions and answers. */
export function* questionTexts(): Iterable<string> {
  for (const value of [2, -0.6, -5]) {
    const traits = { sharpness: value, noise: value, exposure: value, color: value, contrast: value };
    const tags = [places[0].name, objectKinds[0].name];
    const photo = { traits: { ...traits, placement: 0, clutter: 0 }, meanScore: value + 5.5, tags };
    for (const { question, answer } of questionsOn(photo)) yield `${question} ${answer}`;
  }
}

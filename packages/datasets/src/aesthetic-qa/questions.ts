// Questions and answers made of the labels of rated photographs (CALM, appendix B: "inherent labels"): as words, a score
// or an attribute becomes one of five by equal fifths of its scale; as comparisons, two photographs of a dataset of which
// one is rated higher. Q-Align cuts its fifths without adding the least value, which moves every border of a scale that
// does not begin at 0; here they begin where the scale does.
import { rng } from '@calm-orch/core';
import { levelWordOf } from '../level-words.ts';
import type { PccdPhoto } from '../pccd/read.ts';
import type { RatedPhoto } from '../rated-photos.ts';

export interface QuestionAnswer {
  readonly question: string;
  readonly answer: string;
}

/** What may be asked about photographs of a dataset: one of the conversations at a time. */
export interface Asked {
  readonly photos: readonly RatedPhoto[];
  readonly conversations: readonly (readonly QuestionAnswer[])[];
}

interface Scale {
  readonly min: number;
  readonly max: number;
}

interface QaSpec {
  readonly score: Scale;
  readonly attributes: Readonly<Record<string, readonly [words: string, scale: Scale]>>;
}

const fromMinusOne: Scale = { min: -1, max: 1 };
const toHundred: Scale = { min: 0, max: 100 };
const toTen: Scale = { min: 0, max: 10 };
const fromOne: Scale = { min: 1, max: 10 };
const toFour: Scale = { min: 1, max: 4 };

/** Scales and names by dataset; an attribute not named here is not asked for. */
export const qaSpecs = {
  AADB: {
    score: { min: 0, max: 1 },
    attributes: {
      BalacingElements: ['balance of the elements', fromMinusOne],
      ColorHarmony: ['color harmony', fromMinusOne],
      Content: ['content', fromMinusOne],
      DoF: ['depth of field', fromMinusOne],
      Light: ['lighting', fromMinusOne],
      MotionBlur: ['rendering of motion', fromMinusOne],
      Object: ['emphasis on the object', fromMinusOne],
      Repetition: ['use of repetition', fromMinusOne],
      RuleOfThirds: ['use of the rule of thirds', fromMinusOne],
      Symmetry: ['symmetry', fromMinusOne],
      VividColor: ['vividness of the color', fromMinusOne],
    },
  },
  EVA: {
    score: toTen,
    attributes: {
      visual: ['light and color', toFour],
      composition: ['composition and depth', toFour],
      quality: ['technical quality', toFour],
      semantic: ['meaning', toFour],
    },
  },
  ICAA17K: { score: toTen, attributes: { color: ['color aesthetics', toTen] } },
  PCCD: {
    score: fromOne,
    attributes: {
      general_impression: ['general impression', fromOne],
      subject_of_photo: ['subject', fromOne],
      composition: ['composition', fromOne],
      use_of_camera: ['use of the camera', fromOne],
      depth_of_field: ['depth of field', fromOne],
      color_lighting: ['color and lighting', fromOne],
      focus: ['focus', fromOne],
    },
  },
  SPAQ: {
    score: toHundred,
    attributes: {
      Brightness: ['brightness', toHundred],
      Colorfulness: ['colorfulness', toHundred],
      Contrast: ['contrast', toHundred],
      Sharpness: ['sharpness', toHundred],
    },
  },
  TAD66K: { score: toTen, attributes: {} },
} as const satisfies Readonly<Record<string, QaSpec>>;
export type QaDataset = keyof typeof qaSpecs;

/** The labels of a dataset that questions are made of: the score first. */
function labelsOf(dataset: QaDataset) {
  const { score, attributes }: QaSpec = qaSpecs[dataset];
  return [
    { name: 'score', words: 'aesthetics', scale: score, of: (photo: RatedPhoto) => photo.score ?? undefined },
    ...Object.entries(attributes).map(([name, [words, scale]]) => {
      return { name, words, scale, of: (photo: RatedPhoto) => photo.attributes[name] };
    }),
  ];
}

/**
 * Each photograph's labels as words, in a fixed order. PCCD's texts are answers of their own, apart from the words: they
 * are long.
 */
export function* wordQuestions(dataset: QaDataset, photos: Iterable<RatedPhoto | PccdPhoto>): Iterable<Asked> {
  const labels = labelsOf(dataset);
  for (const photo of photos) {
    const words = labels.flatMap(({ name, words, scale, of }): (readonly QuestionAnswer[])[] => {
      const value = of(photo);
      if (value === undefined) return [];
      const level = levelWordOf(value, scale);
      return [
        [
          name === 'score'
            ? {
                question: 'How would you rate the aesthetics of this image?',
                answer: `The aesthetics of the image are ${level}.`,
              }
            : { question: `How is the ${words} of this image?`, answer: `The ${words} is ${level}.` },
        ],
      ];
    });
    const texts = 'texts' in photo ? Object.entries(photo.texts) : [];
    const written = texts.flatMap(([aspect, text]): (readonly QuestionAnswer[])[] => {
      const named = labels.find(({ name }) => name === aspect)?.words ?? aspect;
      return text === '' ? [] : [[{ question: `Comment on the ${named} of this image.`, answer: text }]];
    });
    for (const conversations of [words, written])
      if (conversations.length > 0) yield { photos: [photo], conversations };
  }
}

/** Two labels differ clearly where they are this many standard deviations of the dataset's apart. */
const clearDifference = 1;

/**
 * Comparisons of two photographs: each with the next in an order drawn by the seed, on every label that differs clearly. So
 * each photograph is in at most two, as often first as second.
 */
export function* comparisons(dataset: QaDataset, photos: readonly RatedPhoto[], seed: number): Iterable<Asked> {
  const labels = labelsOf(dataset).map((label) => {
    const values = photos.flatMap((photo) => label.of(photo) ?? []);
    return { ...label, margin: clearDifference * deviation(values) };
  });
  const order = rng('comparisons', seed, dataset).shuffle(photos);
  for (const [i, first] of order.entries()) {
    const second = order[(i + 1) % order.length]!;
    const conversations = labels.flatMap(({ words, margin, of }): (readonly QuestionAnswer[])[] => {
      const [one, other] = [of(first), of(second)];
      if (one === undefined || other === undefined || margin === 0 || Math.abs(one - other) < margin) return [];
      const higher = one > other ? 'first' : 'second';
      return [
        [
          {
            question: `Which of the two images is rated higher for its ${words}?`,
            answer: `The ${higher} image is rated higher for its ${words}.`,
          },
        ],
      ];
    });
    if (conversations.length > 0) yield { photos: [first, second], conversations };
  }
}

function deviation(values: readonly number[]): number {
  const sum = (all: readonly number[]): number => all.reduce((total, value) => total + value, 0);
  const middle = sum(values) / Math.max(1, values.length);
  return Math.sqrt(sum(values.map((value) => (value - middle) * (value - middle))) / Math.max(1, values.length));
}

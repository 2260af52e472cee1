// Questions and answers made of the labels of rated photographs (CALM, appendix B: "inherent labels"): a score or an
// attribute becomes one of five words by equal fifths of its scale. Q-Align cuts its fifths without adding the least value,
// which moves every border of a scale that does not begin at 0; here they begin where the scale does.
import { levelWordOf } from '../level-words.ts';
import type { Conversation } from '../llava/conversations.ts';
import type { PccdPhoto } from '../pccd/read.ts';
import type { RatedPhoto } from '../rated-photos.ts';

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
} as const satisfies Readonly<Record<string, QaSpec>>;
export type QaDataset = keyof typeof qaSpecs;

/** One conversation a label, in a fixed order; PCCD's texts are answers of their own. `image` is the photograph's path. */
export function* aestheticQa(dataset: QaDataset, photos: Iterable<RatedPhoto | PccdPhoto>): Iterable<Conversation> {
  const { score: scale, attributes } = qaSpecs[dataset] as QaSpec;
  for (const photo of photos) {
    const ask = (part: string, question: string, answer: string): Conversation => ({
      id: `${dataset}/${photo.name}/${part}`,
      image: photo.path,
      turns: [
        { from: 'human', value: `<image>\n${question}` },
        { from: 'gpt', value: answer },
      ],
    });
    if (photo.score !== null) {
      const question = 'How would you rate the aesthetics of this image?';
      yield ask('score', question, `The aesthetics of the image are ${levelWordOf(photo.score, scale)}.`);
    }
    for (const [attribute, [words, range]] of Object.entries(attributes)) {
      const value = photo.attributes[attribute];
      if (value === undefined) continue;
      yield ask(attribute, `How is the ${words} of this image?`, `The ${words} is ${levelWordOf(value, range)}.`);
    }
    if ('texts' in photo) {
      for (const [aspect, text] of Object.entries(photo.texts)) {
        if (text === '') continue;
        const words = attributes[aspect]?.[0] ?? aspect;
        yield ask(`${aspect}/text`, `Comment on the ${words} of this image.`, text);
      }
    }
  }
}

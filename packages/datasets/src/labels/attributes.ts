// The attributes an augmentation may change, the group each belongs to and the words for it. Words have two forms:
// the defect of one photograph ('too dark') and the comparison of two ('darker'). What a change of light or colour made is
// not always a defect: a bright photograph made darker is no dark one, and is called a darker one.
import type { AugmentationGroup } from '@calm-orch/core';

interface AttributeWords {
  readonly group: AugmentationGroup;
  /** Attributes with the same axis never occur together in one photograph. */
  readonly axis: string;
  /** After 'this photo is': 'this photo is too dark .' */
  readonly states: readonly string[];
  /** Before a noun: 'the dark image .' */
  readonly adjectives: readonly string[];
  /** Before a noun or after 'is', where one photograph is only more so than it was: 'the darker image .' */
  readonly relatives?: readonly string[];
  /** 'the first image is darker than the second .' */
  readonly comparatives: readonly string[];
  /** The opposite comparative, for the photograph that was not augmented. */
  readonly opposites: readonly string[];
}

export const attributes = {
  noise: {
    group: 'quality',
    axis: 'noise',
    states: ['too noisy', 'grainy'],
    adjectives: ['noisy', 'grainy'],
    comparatives: ['noisier', 'grainier'],
    opposites: ['cleaner', 'less noisy'],
  },
  compression: {
    group: 'quality',
    axis: 'compression',
    states: ['too compressed', 'full of blocks'],
    adjectives: ['compressed', 'blocky'],
    comparatives: ['more compressed', 'blockier'],
    opposites: ['less compressed', 'less blocky'],
  },
  blur: {
    group: 'quality',
    axis: 'blur',
    states: ['too blurry', 'blurred'],
    adjectives: ['blurred', 'blurry'],
    comparatives: ['blurrier', 'more blurred'],
    opposites: ['sharper', 'less blurry'],
  },
  pixelation: {
    group: 'quality',
    axis: 'pixelation',
    states: ['too pixelated', 'pixelated'],
    adjectives: ['pixelated'],
    comparatives: ['more pixelated'],
    opposites: ['less pixelated'],
  },
  brighter: {
    group: 'color',
    axis: 'brightness',
    states: ['too bright', 'overexposed'],
    adjectives: ['bright', 'overexposed'],
    relatives: ['brighter'],
    comparatives: ['brighter'],
    opposites: ['darker'],
  },
  darker: {
    group: 'color',
    axis: 'brightness',
    states: ['too dark', 'underexposed'],
    adjectives: ['dark', 'underexposed'],
    relatives: ['darker'],
    comparatives: ['darker'],
    opposites: ['brighter'],
  },
  'more saturated': {
    group: 'color',
    axis: 'saturation',
    states: ['too vivid', 'too saturated'],
    adjectives: ['vivid', 'saturated'],
    relatives: ['more vivid', 'more saturated'],
    comparatives: ['more vivid', 'more saturated'],
    opposites: ['less vivid', 'less saturated'],
  },
  'less saturated': {
    group: 'color',
    axis: 'saturation',
    states: ['too dull', 'pale'],
    adjectives: ['dull', 'pale'],
    relatives: ['duller', 'less saturated'],
    comparatives: ['duller', 'less saturated'],
    opposites: ['more vivid', 'more saturated'],
  },
  'less contrast': {
    group: 'color',
    axis: 'contrast',
    states: ['too flat', 'low in contrast'],
    adjectives: ['flat'],
    relatives: ['flatter'],
    comparatives: ['flatter', 'lower in contrast'],
    opposites: ['less flat', 'higher in contrast'],
  },
  'subject blurred': {
    group: 'subject',
    axis: 'subject',
    states: ['out of focus at the subject', 'soft at the subject'],
    adjectives: ['badly focused'],
    comparatives: ['softer at the subject', 'less focused at the subject'],
    opposites: ['sharper at the subject', 'more focused at the subject'],
  },
  'subject masked': {
    group: 'subject',
    axis: 'subject',
    states: ['hidden at the subject', 'covered at the subject'],
    adjectives: ['covered'],
    comparatives: ['more hidden at the subject', 'more covered at the subject'],
    opposites: ['less hidden at the subject', 'less covered at the subject'],
  },
  cropped: {
    group: 'subject',
    axis: 'crop',
    states: ['badly cropped', 'cut off'],
    adjectives: ['cropped', 'badly cropped'],
    comparatives: ['more cropped', 'more cut off'],
    opposites: ['less cropped', 'more complete'],
  },
} as const satisfies Readonly<Record<string, AttributeWords>>;

export type AttributeName = keyof typeof attributes;

export const attributeNames = Object.keys(attributes) as readonly AttributeName[];

/** The words of one attribute, widened from its literals. */
export function wordsOf(name: AttributeName): AttributeWords {
  return attributes[name];
}

/** The attributes of the given groups, in table order. */
export function attributesOf(groups: readonly AugmentationGroup[]): AttributeName[] {
  return attributeNames.filter((name) => groups.includes(attributes[name].group));
}

// Hidden states of the frozen ViT: of which photographs there are some, how large they are, and whether they are stored or
// computed by the stages that read them. Pure functions of the configuration: no free disk is looked at.
import { power } from '../order/power.ts';
import { poolSize } from './data-parts.ts';
import { personalSizes } from './personal-sizes.ts';
import type { TrialConfig } from './schema.ts';

/** Sets of photographs that are encoded together; `ssl`: unlabelled ones and their augmented copies; `real`: degraded ones. */
export const photographSets = ['labeled', 'validation', 'generic', 'questions', 'ssl', 'personal', 'real'] as const;
export type PhotographSet = (typeof photographSets)[number];

type Counted = Pick<TrialConfig, 'data' | 'augment' | 'personal'>;

const counts = {
  labeled: ({ data }: Counted) => poolSize(data, 'labeled'),
  validation: ({ data }: Counted) => poolSize(data, 'validation'),
  generic: ({ data }: Counted) => poolSize(data, 'generic'),
  // The studio asks about its labelled photographs.
  questions: ({ data }: Counted) => poolSize(data, 'questions'),
  // Each original once, and its augmented copies.
  ssl: ({ data, augment: { draws } }: Counted) => (1 + draws) * data.numUnlabeled,
  personal: (config: Counted) => personalSizes(config).photos,
} as const;

/** Photographs of a set: how many there are, or the most that are used. Of degraded ones there are some hundreds. */
export function numPhotographs(config: Counted, set: Exclude<PhotographSet, 'real'>): number {
  return counts[set](config);
}

/** Bytes of the hidden states of one photograph at all taps; with `train.precision: bf16` they have half of a float32's. */
export function hiddenStateBytes({ vision, mfam, train }: Pick<TrialConfig, 'vision' | 'mfam' | 'train'>): number {
  const tokens = power(vision.imageSize / vision.patchSize, 2) + 1;
  const numbers = tokens * vision.hiddenSize * new Set(Object.values(mfam.taps)).size;
  return numbers * (train.precision === 'bf16' ? 2 : 4);
}

/** `encode.store: auto` stores this much, 1 TB, and no more. */
const mostStoredBytes = 1e12;

/**
 * What `encode.store` means. Sets that a row does without count as well, so that rows of an experiment do alike: what is
 * stored is shared by all of them. The validation split does not: whoever is not evaluated on it depends on no number of it.
 */
export function storeOf(config: Counted & Pick<TrialConfig, 'encode' | 'vision' | 'mfam' | 'train'>): 'all' | 'none' {
  const { store } = config.encode;
  if (store !== 'auto') return store;
  const { validation: _, ...shared } = counts;
  const photographs = Object.values(shared).reduce((sum, count) => sum + count(config), 0);
  return photographs * hiddenStateBytes(config) <= mostStoredBytes ? 'all' : 'none';
}

/** What hidden states are computed with; the foundation comes beside it. */
export interface LiveEncoding {
  readonly vision: TrialConfig['vision'];
  readonly standardizeTaps: boolean;
  readonly fit: TrialConfig['encode']['fit'];
  /** What the states are rounded to: what training steps multiply, so that these have the same bits. */
  readonly precision: TrialConfig['train']['precision'];
}

/** Of the slice of a stage that reads hidden states; nothing where they are stored. */
export function liveSlice(trial: TrialConfig): { live?: LiveEncoding } {
  return trial.encode.store === 'all' ? {} : { live: encodingOf(trial) };
}

export function encodingOf({ vision, mfam, encode, train }: TrialConfig): LiveEncoding {
  return { vision, standardizeTaps: mfam.standardizeTaps, fit: encode.fit, precision: train.precision };
}

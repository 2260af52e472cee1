// The frozen ViT's hidden states of photographs: a kind with a variant for each set of them.
import { personalSizes, poolSize, type StageDefinition, type TrialConfig } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';

export type EncodeWhat = 'labeled' | 'generic' | 'questions' | 'ssl' | 'personal' | 'real';

/** Photographs per item. */
export const encodedPerItem = 500;

interface Photographs {
  readonly inputs: Readonly<Record<string, string>>;
  number(trial: TrialConfig): number;
  /** What is cut into items. @default number */
  most?(trial: TrialConfig): number;
  readonly isNeeded?: StageDefinition['isNeeded'];
}

const photographs: Readonly<Record<EncodeWhat, Photographs>> = {
  labeled: { inputs: { data: 'data labeled' }, number: ({ data }) => poolSize(data, 'labeled') },
  generic: { inputs: { data: 'data generic' }, number: ({ data }) => poolSize(data, 'generic') },
  questions: {
    inputs: { data: 'data questions' },
    number: ({ data }) => poolSize(data, 'questions'),
    // The studio asks about its labelled photographs.
    isNeeded: ({ data, questions }) => questions.use && data.source === 'files',
  },
  // Each original once, and its augmented copies.
  ssl: {
    inputs: { data: 'data unlabeled', augment: 'augment' },
    number: ({ data, augment: { draws } }) => (1 + draws) * data.numUnlabeled,
  },
  personal: {
    inputs: { dataPersonal: 'data-personal' },
    number: (trial) => personalSizes(trial).photos,
    most: (trial) => personalSizes(trial).mostPhotos,
  },
  real: { inputs: { degraded: 'degrade' }, number: numDegradedPhotos },
};

export const encode: readonly StageDefinition[] = Object.entries(photographs).map(
  ([what, { inputs, number, most = number, isNeeded }]) => ({
    kind: 'encode',
    variant: what,
    role: 'trainer',
    ...(isNeeded && { isNeeded }),
    inputs: { foundation: 'foundation', ...inputs },
    slice: ({ vision, mfam, encode: how }, { foundation }) => {
      const { taps, standardizeTaps } = mfam;
      return { what, vision, taps, standardizeTaps, foundation, encode: how };
    },
    numItems: (trial) => Math.ceil(most(trial) / encodedPerItem),
    cost: (trial) => 4 * number(trial),
    load: async () => (await import('./encode.ts')).encode,
  }),
);

// The frozen ViT's hidden states of photographs: a kind with a variant for each set of them. All taps are stored, whatever
// levels a row has: the stage is shared by all rows of an experiment, and its baselines read every tap.
import {
  encodingOf,
  hasValidationPart,
  numPhotographs,
  personalSizes,
  type PhotographSet,
  type StageDefinition,
  type TrialConfig,
} from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';

/** Photographs per item. */
export const encodedPerItem = 500;

interface Photographs {
  readonly inputs: Readonly<Record<string, string>>;
  /** @default numPhotographs of core */
  number?(trial: TrialConfig): number;
  /** What is cut into items. @default number */
  most?(trial: TrialConfig): number;
  readonly isNeeded?: (trial: TrialConfig) => boolean;
}

const photographs: Readonly<Record<PhotographSet, Photographs>> = {
  labeled: { inputs: { data: 'data labeled' } },
  validation: {
    inputs: { validation: 'data validation' },
    isNeeded: hasValidationPart,
  },
  generic: { inputs: { data: 'data generic' } },
  questions: {
    inputs: { questions: 'data questions' },
    isNeeded: ({ data, questions }) => questions.use && data.source === 'files',
  },
  ssl: { inputs: { data: 'data unlabeled', augment: 'augment' } },
  personal: { inputs: { dataPersonal: 'data-personal' }, most: (trial) => personalSizes(trial).mostPhotos },
  real: { inputs: { degraded: 'degrade' }, number: numDegradedPhotos },
};

export const encode: readonly StageDefinition[] = Object.entries(photographs).map(
  ([
    what,
    {
      inputs,
      number = (trial: TrialConfig) => numPhotographs(trial, what as Exclude<PhotographSet, 'real'>),
      most = number,
      isNeeded = () => true,
    },
  ]) => ({
    kind: 'encode',
    variant: what,
    role: 'trainer',
    isNeeded: (trial) => trial.encode.store === 'all' && isNeeded(trial),
    inputs: { foundation: 'foundation', ...inputs },
    slice: (trial, { foundation }) => ({ what, foundation, taps: trial.mfam.taps, encoding: encodingOf(trial) }),
    numItems: (trial) => Math.ceil(most(trial) / encodedPerItem),
    cost: (trial) => 4 * number(trial),
    load: async () => (await import('./encode.ts')).encode,
  }),
);

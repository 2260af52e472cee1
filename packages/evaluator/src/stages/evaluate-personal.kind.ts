import { personalSizes, type StageDefinition } from '@calm-orch/core';
import { scoreSlice } from './slices.ts';

export const evaluatePersonal: StageDefinition = {
  kind: 'evaluate-personal',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.personal,
  inputs: {
    foundation: 'foundation',
    generic: 'finetune-score',
    dataPersonal: 'data-personal',
    encodePersonal: 'encode personal',
    model: 'finetune-personal',
  },
  slice: (trial, { foundation }) => {
    const { contextSize, joining, levels, repeats } = trial.personal;
    return { ...scoreSlice(trial, foundation), personal: { contextSize, joining, levels, repeats } };
  },
  cost: (trial) => 2 * personalSizes(trial).testRatings * trial.personal.repeats,
  metrics: ['SRCC'],
  load: async () => (await import('./evaluate-personal.ts')).evaluatePersonal,
};

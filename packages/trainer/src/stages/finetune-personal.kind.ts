import type { StageDefinition } from '@calm-orch/core';
import { finetuneSlice, samplesOf } from './slices.ts';

export const finetunePersonal: StageDefinition = {
  kind: 'finetune-personal',
  role: 'trainer',
  budget: 'finetunePersonal',
  inputs: {
    foundation: 'foundation',
    dataPersonal: 'data-personal',
    encodePersonal: 'encode personal',
    score: 'finetune-score',
  },
  slice: (trial, { foundation }) => {
    const { contextSize, joining, levels } = trial.personal;
    const personal = { contextSize, joining, levels };
    return { ...finetuneSlice(trial, foundation), finetunePersonal: trial.finetunePersonal, personal };
  },
  // A sample is an episode: its context and the query.
  cost: (trial) => samplesOf(trial.finetunePersonal) * (trial.personal.contextSize + 1),
  load: async () => (await import('./finetune-personal.ts')).finetunePersonal,
};

import type { StageDefinition } from '@calm-orch/core';
import { samplesOf, trainingSlice } from './slices.ts';

export const pretrainGeneric: StageDefinition = {
  kind: 'pretrain-generic',
  role: 'trainer',
  budget: 'pretrainGeneric',
  isNeeded: ({ mfam }) => mfam.levels.includes('thematic'),
  inputs: { foundation: 'foundation', data: 'data generic', encodeGeneric: 'encode generic' },
  // Of the MFAM, what the projection alone depends on, so that rows with other Q-Formers share it.
  slice: (trial, { foundation }) => {
    const { taps, projector, projectorSize, standardizeTaps, initializer } = trial.mfam;
    return {
      ...trainingSlice(trial, foundation),
      mfam: { levels: ['thematic'], taps, projector, projectorSize, standardizeTaps, initializer },
      pretrainGeneric: trial.pretrainGeneric,
    };
  },
  cost: (trial) => samplesOf(trial.pretrainGeneric),
  load: async () => (await import('./pretrain-generic.ts')).pretrainGeneric,
};

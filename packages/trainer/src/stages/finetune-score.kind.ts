import type { StageDefinition } from '@calm-orch/core';
import { finetuneSlice, samplesOf, trainingSlice } from './slices.ts';

export const finetuneScore: StageDefinition = {
  kind: 'finetune-score',
  role: 'trainer',
  budget: 'finetuneScore',
  inputs: { foundation: 'foundation', data: 'data', encodeLabeled: 'encode labeled', comment: 'finetune-comment' },
  slice: (trial, { foundation }) => ({
    ...trainingSlice(trial, foundation),
    ...finetuneSlice(trial),
    mfam: trial.mfam,
    scoreAnswer: trial.scoreAnswer,
    scorePrefix: trial.scorePrefix,
    scoreDecimals: trial.scoreDecimals,
    finetuneScore: trial.finetuneScore,
  }),
  cost: (trial) => 1.1 * samplesOf(trial.finetuneScore),
  load: async () => (await import('./finetune-score.ts')).finetuneScore,
};

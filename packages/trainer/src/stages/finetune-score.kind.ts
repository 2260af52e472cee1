import type { StageDefinition } from '@calm-orch/core';
import { finetuneSlice, samplesOf } from './slices.ts';

export const finetuneScore: StageDefinition = {
  kind: 'finetune-score',
  role: 'trainer',
  budget: 'finetuneScore',
  inputs: {
    foundation: 'foundation',
    data: 'data labeled',
    encodeLabeled: 'encode labeled',
    comment: 'finetune-comment',
  },
  slice: (trial, { foundation }) => {
    const { scoreAnswer, scorePrefix, scoreDecimals, finetuneScore, control } = trial;
    return {
      ...finetuneSlice(trial, foundation),
      scoreAnswer,
      scorePrefix,
      scoreDecimals,
      finetuneScore,
      ...(control.permuteScores && { permuteScores: true }),
    };
  },
  cost: (trial) => 1.1 * samplesOf(trial.finetuneScore),
  load: async () => (await import('./finetune-score.ts')).finetuneScore,
};

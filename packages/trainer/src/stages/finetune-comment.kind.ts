import type { StageDefinition } from '@calm-orch/core';
import { finetuneSlice, samplesOf, trainingSlice } from './slices.ts';

export const finetuneComment: StageDefinition = {
  kind: 'finetune-comment',
  role: 'trainer',
  goalOf: 'trial',
  budget: 'finetuneComment',
  inputs: {
    foundation: 'foundation',
    data: 'data',
    encodeLabeled: 'encode labeled',
    pretrainGeneric: 'pretrain-generic',
    pretrainSsl: 'pretrain-ssl',
  },
  slice: (trial, { foundation }) => ({
    ...trainingSlice(trial, foundation),
    ...finetuneSlice(trial),
    mfam: trial.mfam,
    maxCommentTokens: trial.evaluate.maxCommentTokens,
    finetuneComment: trial.finetuneComment,
    questions: trial.questions,
  }),
  cost: (trial) => 1.8 * samplesOf(trial.finetuneComment),
  load: async () => (await import('./finetune-comment.ts')).finetuneComment,
};

import type { StageDefinition } from '@calm-orch/core';
import { finetuneSlice, samplesOf } from './slices.ts';

export const finetuneComment: StageDefinition = {
  kind: 'finetune-comment',
  role: 'trainer',
  goalOf: 'trial',
  budget: 'finetuneComment',
  inputs: {
    foundation: 'foundation',
    data: 'data labeled',
    comments: 'data comments',
    questions: 'data questions',
    encodeLabeled: 'encode labeled',
    encodeQuestions: 'encode questions',
    pretrainGeneric: 'pretrain-generic',
    pretrainSsl: 'pretrain-ssl',
  },
  slice: (trial, { foundation }) => {
    const { finetuneComment, questions, evaluate } = trial;
    const { maxCommentTokens } = evaluate;
    return {
      ...finetuneSlice(trial, foundation),
      maxCommentTokens,
      finetuneComment,
      ...(questions.use && { questions }),
    };
  },
  cost: (trial) => 1.8 * samplesOf(trial.finetuneComment),
  load: async () => (await import('./finetune-comment.ts')).finetuneComment,
};

import { commentMetrics, type StageDefinition } from '@calm-orch/core';
import { answerSlice, labeledInputs, meteorSlice, splitSlice } from './slices.ts';

export const evaluateComment: StageDefinition = {
  kind: 'evaluate-comment',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.numComments > 0,
  inputs: {
    foundation: 'foundation',
    ...labeledInputs,
    comments: 'data comments',
    model: 'finetune-comment',
  },
  slice: (trial, { foundation }) => {
    const { batchSize, numComments, maxCommentTokens } = trial.evaluate;
    const evaluate = {
      batchSize,
      numComments,
      maxCommentTokens,
      ...meteorSlice(trial.evaluate),
      ...splitSlice(trial.evaluate),
    };
    return { ...answerSlice(trial, foundation), evaluate };
  },
  cost: ({ evaluate }) => 20 * evaluate.numComments,
  metrics: commentMetrics,
  load: async () => (await import('./evaluate-comment.ts')).evaluateComment,
};

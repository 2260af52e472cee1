import type { StageDefinition } from '@calm-orch/core';
import { meteorSlice } from './meteor-slice.ts';

export const evaluateComment: StageDefinition = {
  kind: 'evaluate-comment',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.numComments > 0,
  inputs: { foundation: 'foundation', data: 'data', encodeLabeled: 'encode labeled', model: 'finetune-comment' },
  slice: ({ llm, mfam, prompt, evaluate }, { foundation }) => {
    const { batchSize, numComments, maxCommentTokens } = evaluate;
    return {
      llm,
      mfam,
      prompt,
      foundation,
      evaluate: { batchSize, numComments, maxCommentTokens, ...meteorSlice(evaluate) },
    };
  },
  cost: ({ evaluate }) => 20 * evaluate.numComments,
  load: async () => (await import('./evaluate-comment.ts')).evaluateComment,
};

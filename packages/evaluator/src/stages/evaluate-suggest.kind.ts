import { suggestMetrics, type StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';
import { answerSlice } from './slices.ts';

export const evaluateSuggest: StageDefinition = {
  kind: 'evaluate-suggest',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.suggestions,
  inputs: { foundation: 'foundation', degraded: 'degrade', encodeReal: 'encode real', model: 'finetune-comment' },
  slice: (trial, { foundation }) => {
    const { batchSize, maxCommentTokens, judge } = trial.evaluate;
    // A judge is to say the same today and tomorrow.
    const openai = { ...trial.openai, temperature: 0 };
    return {
      ...answerSlice(trial, foundation),
      evaluate: { batchSize, maxCommentTokens },
      ...(judge === 'openai' && { openai }),
    };
  },
  cost: (trial) => 20 * numDegradedPhotos(trial),
  metrics: suggestMetrics,
  load: async () => (await import('./evaluate-suggest.ts')).evaluateSuggest,
};

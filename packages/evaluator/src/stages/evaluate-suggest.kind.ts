import { suggestMetrics, type StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';
import { answerSlice } from './slices.ts';

export const evaluateSuggest: StageDefinition = {
  kind: 'evaluate-suggest',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.suggestions,
  inputs: { foundation: 'foundation', encodeReal: 'encode real', model: 'finetune-comment' },
  slice: (trial, { foundation }) => {
    const { batchSize, maxCommentTokens } = trial.evaluate;
    return { ...answerSlice(trial, foundation), evaluate: { batchSize, maxCommentTokens } };
  },
  cost: () => 20 * numDegradedPhotos(),
  metrics: suggestMetrics,
  load: async () => (await import('./evaluate-suggest.ts')).evaluateSuggest,
};

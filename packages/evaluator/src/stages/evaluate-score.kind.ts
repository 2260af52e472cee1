import { scoreMetrics, type StageDefinition } from '@calm-orch/core';
import { scoreSlice } from './slices.ts';

export const evaluateScore: StageDefinition = {
  kind: 'evaluate-score',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.scores,
  inputs: { foundation: 'foundation', data: 'data labeled', encodeLabeled: 'encode labeled', model: 'finetune-score' },
  slice: (trial, { foundation }) => scoreSlice(trial, foundation),
  cost: ({ data }) => 2 * data.numTest,
  metrics: scoreMetrics,
  load: async () => (await import('./evaluate-score.ts')).evaluateScore,
};

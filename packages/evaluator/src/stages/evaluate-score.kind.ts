import { scoreMetrics, type StageDefinition } from '@calm-orch/core';
import { labeledInputs, numEvaluated, scoreSlice } from './slices.ts';

export const evaluateScore: StageDefinition = {
  kind: 'evaluate-score',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.scores,
  inputs: { foundation: 'foundation', ...labeledInputs, model: 'finetune-score' },
  slice: (trial, { foundation }) => scoreSlice(trial, foundation),
  cost: (trial) => 2 * numEvaluated(trial),
  metrics: scoreMetrics,
  load: async () => (await import('./evaluate-score.ts')).evaluateScore,
};

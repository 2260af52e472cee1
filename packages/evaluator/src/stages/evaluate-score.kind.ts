import type { StageDefinition } from '@calm-orch/core';

export const evaluateScore: StageDefinition = {
  kind: 'evaluate-score',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.scores,
  inputs: { foundation: 'foundation', data: 'data', encodeLabeled: 'encode labeled', model: 'finetune-score' },
  slice: ({ seed, llm, mfam, prompt, scorePrefix, evaluate: { batchSize, scoreReadout } }, { foundation }) => ({
    seed,
    llm,
    mfam,
    prompt,
    foundation,
    scorePrefix,
    evaluate: { batchSize, scoreReadout },
  }),
  cost: ({ data }) => 2 * data.numTest,
  load: async () => (await import('./evaluate-score.ts')).evaluateScore,
};

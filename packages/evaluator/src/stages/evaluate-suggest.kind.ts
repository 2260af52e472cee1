import type { StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/data/degraded';

export const evaluateSuggest: StageDefinition = {
  kind: 'evaluate-suggest',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.suggestions,
  inputs: { foundation: 'foundation', encodeReal: 'encode real', model: 'finetune-comment' },
  slice: ({ llm, mfam, prompt, evaluate: { batchSize, maxCommentTokens } }, { foundation }) => ({
    llm,
    mfam,
    prompt,
    foundation,
    evaluate: { batchSize, maxCommentTokens },
  }),
  cost: () => 20 * numDegradedPhotos(),
  load: async () => (await import('./evaluate-suggest.ts')).evaluateSuggest,
};

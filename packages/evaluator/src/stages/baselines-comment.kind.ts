import { liveSlice, type StageDefinition } from '@calm-orch/core';
import { labeledInputs, meteorSlice, numEvaluated, splitSlice } from './slices.ts';

/** Comments that can be had without any training. */
export const baselinesComment: StageDefinition = {
  kind: 'baselines-comment',
  role: 'evaluator',
  goalOf: 'table',
  isNeeded: ({ evaluate }) => evaluate.numComments > 0,
  inputs: {
    foundation: 'foundation',
    ...labeledInputs,
    comments: 'data comments',
  },
  slice: (trial) => {
    const { mfam, evaluate } = trial;
    const { numComments } = evaluate;
    return {
      taps: mfam.taps,
      evaluate: { numComments, ...meteorSlice(evaluate), ...splitSlice(evaluate) },
      ...liveSlice(trial),
    };
  },
  cost: (trial) => 2 * (trial.data.numTrain + numEvaluated(trial)),
  load: async () => (await import('./baselines-comment.ts')).baselinesComment,
};

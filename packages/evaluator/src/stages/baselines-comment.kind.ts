import { liveSlice, type StageDefinition } from '@calm-orch/core';
import { meteorSlice } from './slices.ts';

/** Comments that can be had without any training. */
export const baselinesComment: StageDefinition = {
  kind: 'baselines-comment',
  role: 'evaluator',
  goalOf: 'table',
  isNeeded: ({ evaluate }) => evaluate.numComments > 0,
  inputs: {
    foundation: 'foundation',
    data: 'data labeled',
    comments: 'data comments',
    encodeLabeled: 'encode labeled',
  },
  slice: (trial) => {
    const { mfam, evaluate } = trial;
    const { numComments } = evaluate;
    return { taps: mfam.taps, evaluate: { numComments, ...meteorSlice(evaluate) }, ...liveSlice(trial) };
  },
  cost: ({ data }) => 2 * (data.numTrain + data.numTest),
  load: async () => (await import('./baselines-comment.ts')).baselinesComment,
};

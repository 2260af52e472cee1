import { liveSlice, type StageDefinition } from '@calm-orch/core';

/** Scores that can be had without any training. */
export const baselines: StageDefinition = {
  kind: 'baselines',
  role: 'evaluator',
  goalOf: 'table',
  isNeeded: ({ evaluate }) => evaluate.scores,
  inputs: { foundation: 'foundation', data: 'data labeled', encodeLabeled: 'encode labeled' },
  slice: (trial) => ({ taps: trial.mfam.taps, ...liveSlice(trial) }),
  cost: ({ data }) => 2 * (data.numTrain + data.numTest),
  load: async () => (await import('./baselines.ts')).baselines,
};

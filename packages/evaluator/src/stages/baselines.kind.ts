import { liveSlice, type StageDefinition } from '@calm-orch/core';
import { labeledInputs, numEvaluated, splitSlice } from './slices.ts';

/** Scores that can be had without any training. */
export const baselines: StageDefinition = {
  kind: 'baselines',
  role: 'evaluator',
  goalOf: 'table',
  isNeeded: ({ evaluate }) => evaluate.scores,
  inputs: { foundation: 'foundation', ...labeledInputs },
  slice: (trial) => ({ taps: trial.mfam.taps, ...splitSlice(trial.evaluate), ...liveSlice(trial) }),
  cost: (trial) => 2 * (trial.data.numTrain + numEvaluated(trial)),
  load: async () => (await import('./baselines.ts')).baselines,
};

// What slices of the evaluator's stages have in common.
import { liveSlice, type TrialConfig } from '@calm-orch/core';

/** Of stages that ask a model. */
export function answerSlice(trial: TrialConfig, foundation: string | undefined) {
  const { llm, mfam, prompt } = trial;
  return { llm, mfam, prompt, foundation, ...liveSlice(trial) };
}

/** Of stages that ask for scores. */
export function scoreSlice(trial: TrialConfig, foundation: string | undefined) {
  const { seed, scorePrefix, evaluate } = trial;
  const { batchSize, scoreReadout } = evaluate;
  return { ...answerSlice(trial, foundation), seed, scorePrefix, evaluate: { batchSize, scoreReadout } };
}

/** What METEOR may read besides the texts; in the slice only where it is given. */
export function meteorSlice({ meteorDir }: TrialConfig['evaluate']): { meteorDir?: string } {
  return meteorDir === null ? {} : { meteorDir };
}

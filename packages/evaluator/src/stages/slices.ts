// What slices of the evaluator's stages have in common.
import { liveSlice, type PhotographSet, type TrialConfig } from '@calm-orch/core';

/** Of stages that ask a model. */
export function answerSlice(trial: TrialConfig, foundation: string | undefined) {
  const { llm, mfam, prompt, train } = trial;
  const precision = train.precision === 'fp32' ? {} : { precision: train.precision };
  return { llm, mfam, prompt, foundation, ...precision, ...liveSlice(trial) };
}

/** Of stages that ask for scores. */
export function scoreSlice(trial: TrialConfig, foundation: string | undefined) {
  const { seed, scorePrefix, evaluate } = trial;
  const { batchSize, scoreReadout } = evaluate;
  return {
    ...answerSlice(trial, foundation),
    seed,
    scorePrefix,
    evaluate: { batchSize, scoreReadout, ...splitSlice(evaluate) },
  };
}

/** Inputs of stages that evaluate on labelled photographs; the latter two where the validation split is an artifact. */
export const labeledInputs = {
  data: 'data labeled',
  encodeLabeled: 'encode labeled',
  validation: 'data validation',
  encodeValidation: 'encode validation',
} as const;

/** What is evaluated on; in the slice only where it is not the test split. */
export function splitSlice({ split }: Pick<TrialConfig['evaluate'], 'split'>): { split?: 'val' } {
  return split === 'val' ? { split } : {};
}

/** Photographs that the evaluated split is among. */
export const evaluatedSet = ({ validation }: { readonly validation?: string }): PhotographSet =>
  validation === undefined ? 'labeled' : 'validation';

/** Sets of the photographs of training and of the evaluated split. */
export const trainedAndEvaluated = (inputs: { readonly validation?: string }): PhotographSet[] => [
  ...new Set(['labeled' as const, evaluatedSet(inputs)]),
];

/** Photographs of a split. */
export const numEvaluated = ({ data, evaluate }: Pick<TrialConfig, 'data' | 'evaluate'>): number =>
  evaluate.split === 'val' ? data.numVal : data.numTest;

/** What METEOR may read besides the texts; in the slice only where it is given. */
export function meteorSlice({ meteorDir }: TrialConfig['evaluate']): { meteorDir?: string } {
  return meteorDir === null ? {} : { meteorDir };
}

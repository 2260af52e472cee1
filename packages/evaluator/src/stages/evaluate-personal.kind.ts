import type { StageDefinition } from '@calm-orch/core';

export const evaluatePersonal: StageDefinition = {
  kind: 'evaluate-personal',
  role: 'evaluator',
  goalOf: 'trial',
  isNeeded: ({ evaluate }) => evaluate.personal,
  inputs: {
    foundation: 'foundation',
    generic: 'finetune-score',
    dataPersonal: 'data-personal',
    encodePersonal: 'encode personal',
    model: 'finetune-personal',
  },
  slice: (
    { seed, llm, mfam, prompt, scorePrefix, personal, evaluate: { batchSize, scoreReadout } },
    { foundation },
  ) => {
    const { contextSize, joining, levels, repeats } = personal;
    return {
      seed,
      llm,
      mfam,
      prompt,
      foundation,
      scorePrefix,
      personal: { contextSize, joining, levels, repeats },
      evaluate: { batchSize, scoreReadout },
    };
  },
  cost: ({ personal: { test, repeats } }) => 2 * test.annotators * test.ratings * repeats,
  load: async () => (await import('./evaluate-personal.ts')).evaluatePersonal,
};

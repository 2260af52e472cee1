import type { StageDefinition } from '@calm-orch/core';

/** Makes the checkpoint every other experiment starts from; an experiment of its own. */
export const foundation: StageDefinition = {
  kind: 'foundation',
  role: 'trainer',
  slice: ({ seed, vision, llm }) => ({ seed, vision, llm }),
  cost: () => 1e5,
  load: async () => (await import('./foundation.ts')).foundation,
};

import type { StageDefinition } from '@calm-orch/core';

export const dataPersonal: StageDefinition = {
  kind: 'data-personal',
  role: 'augmentor',
  slice: ({ data: { seed, imageSize }, personal: { train, test } }) => ({
    data: { seed, imageSize },
    personal: { train, test },
  }),
  cost: ({ personal }) => 5 * (personal.train.photos + personal.test.photos),
  load: async () => (await import('./data-personal.ts')).dataPersonal,
};

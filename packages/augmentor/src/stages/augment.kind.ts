import { photosPerItem, type StageDefinition } from '@calm-orch/core';

export const augment: StageDefinition = {
  kind: 'augment',
  role: 'augmentor',
  inputs: { data: 'data unlabeled' },
  slice: ({ augment: config, vision, encode, labels, openai }) => ({
    augment: config,
    imageSize: vision.imageSize,
    fit: encode.fit,
    ...(labels === 'openai' && { openai }),
  }),
  numItems: ({ data }) => Math.ceil(data.numUnlabeled / photosPerItem),
  cost: ({ data, augment: { draws } }) => 12 * draws * data.numUnlabeled,
  load: async () => (await import('./augment.ts')).augmentStage,
};

import { personalPhotosPerItem, personalSizes, rootsOf, type StageDefinition } from '@calm-orch/core';

export const dataPersonal: StageDefinition = {
  kind: 'data-personal',
  role: 'augmentor',
  slice: ({ data: { source, seed, imageSize, roots }, personal, evaluate }) => {
    const split = evaluate.split === 'val' && { split: evaluate.split };
    const { train, test, testWorkers, maxAnnotators, maxRatings } = personal;
    return source === 'files'
      ? {
          data: { source, seed, roots: rootsOf(roots, ['FLICKR-AES']) },
          personal: { testWorkers, maxAnnotators, maxRatings },
          ...split,
        }
      : { data: { source, seed, imageSize }, personal: { train, test }, ...split };
  },
  numItems: (trial) =>
    trial.data.source === 'files' ? Math.ceil(personalSizes(trial).mostPhotos / personalPhotosPerItem) : 1,
  cost: (trial) => 5 * personalSizes(trial).photos,
  load: async () => (await import('./data-personal.ts')).dataPersonal,
};

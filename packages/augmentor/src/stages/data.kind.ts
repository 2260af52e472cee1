import { augmentationSide, dataItems, programRoot, type StageDefinition } from '@calm-orch/core';

export const data: StageDefinition = {
  kind: 'data',
  role: 'augmentor',
  carriedFolder: `${programRoot}assets/photos`,
  // Embedded photographs are rendered at the side they are cropped at, so that crops are sharp; files come as they are.
  slice: ({ data: config, vision }) =>
    config.source === 'studio' ? { data: config, unlabeledSide: augmentationSide(vision.imageSize) } : { data: config },
  numItems: (trial) => dataItems(trial.data).length,
  cost: ({ data: { numTrain, numTest, numGeneric, numUnlabeled } }) =>
    5 * (numTrain + numTest + numGeneric + numUnlabeled),
  load: async () => (await import('./data.ts')).dataStage,
};

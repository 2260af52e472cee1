import { programRoot, type StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';

export const degrade: StageDefinition = {
  kind: 'degrade',
  role: 'augmentor',
  carriedFolder: `${programRoot}assets/photos`,
  slice: ({ vision }) => ({ imageSize: vision.imageSize }),
  cost: () => 12 * numDegradedPhotos(),
  load: async () => (await import('./degrade.ts')).degrade,
};

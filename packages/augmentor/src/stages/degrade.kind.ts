import { programRoot, rootsOf, type StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';

export const degrade: StageDefinition = {
  kind: 'degrade',
  role: 'augmentor',
  carriedFolder: `${programRoot}assets/photos`,
  slice: ({ data: { source, roots }, vision: { imageSize }, encode: { fit }, evaluate: { suggestionPhotos } }) =>
    source === 'files'
      ? { data: { source, roots: rootsOf(roots, ['PCCD']) }, imageSize, fit, suggestionPhotos }
      : { data: { source }, imageSize },
  cost: (trial) => 12 * numDegradedPhotos(trial),
  load: async () => (await import('./degrade.ts')).degrade,
};

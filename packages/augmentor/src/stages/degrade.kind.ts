import { programRoot, rootsOf, type StageDefinition } from '@calm-orch/core';
import { numDegradedPhotos } from '@calm-orch/datasets/degraded';

export const degrade: StageDefinition = {
  kind: 'degrade',
  role: 'augmentor',
  carriedFolder: `${programRoot}assets/photos`,
  slice: ({ data, vision: { imageSize }, encode: { fit }, evaluate: { split, suggestionPhotos } }) => {
    const { source, roots, numVal, seed } = data;
    if (source === 'studio')
      return split === 'val' ? { data: { source, seed }, imageSize, split } : { data: { source }, imageSize };
    return split === 'val'
      ? { data: { source, roots: rootsOf(roots, ['AVA']), numVal }, imageSize, fit, suggestionPhotos, split }
      : { data: { source, roots: rootsOf(roots, ['PCCD']) }, imageSize, fit, suggestionPhotos };
  },
  cost: (trial) => 12 * numDegradedPhotos(trial),
  load: async () => (await import('./degrade.ts')).degrade,
};

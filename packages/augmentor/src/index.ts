// The augmentor's stages: making the embedded data set and its contrastive pairs.
import type { StageRegistry } from '@calm-orch/core';

export const stages: StageRegistry = {
  data: async () => (await import('./stages/data.ts')).dataStage,
  'data-personal': async () => (await import('./stages/data-personal.ts')).dataPersonal,
  degrade: async () => (await import('./stages/degrade.ts')).degrade,
  augment: async () => (await import('./stages/augment.ts')).augmentStage,
};

export { apiKeyOf } from './labels/api-key.ts';
export { readDetectorFiles } from './augmentations/detection.ts';
export type { Augmentation } from './augmentations/draw.ts';

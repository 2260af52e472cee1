// The augmentor's stages: making the embedded data set and its contrastive pairs.
export { apiKeyOf } from './labels/api-key.ts';
export { readDetectorFiles } from './augmentations/detection.ts';
export type { Augmentation } from './augmentations/draw.ts';
export type { AugmentedPair } from './stages/augment.ts';

// The augmentor beside its stages, whose definitions are in stages/index.ts: keys, the detector's files, and types.
export { apiKeyOf } from './labels/api-key.ts';
export { readDetectorFiles } from './augmentations/detection.ts';
export type { Augmentation } from './augmentations/draw.ts';

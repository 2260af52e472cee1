// The augmentor beside its stages, whose definitions are in stages/index.ts: the detector's files, and types.
export { readDetectorFiles } from './augmentations/detection.ts';
export type { Augmentation } from './augmentations/draw.ts';

// How strong an augmentation is at severities 1 to 5: the strengths of imagecorruptions (Michaelis et al. 2019, after
// Hendrycks and Dietterich 2019), for photographs as the model sees them. Lengths are pixels of a side of 224.
import type { AttributeName } from '@calm-orch/datasets';

export type PerSeverity<T = number> = readonly [T, T, T, T, T];

/** The side imagecorruptions' lengths are meant for (ImageNet's); at another side they are as large a part of it. */
export const lengthsSide = 224;
/** Deviation of normal noise, of the full range. */
export const gaussianNoise: PerSeverity = [0.08, 0.12, 0.18, 0.26, 0.38];
/** Share of the pixels that turn black or white. */
export const saltAndPepper: PerSeverity = [0.03, 0.06, 0.09, 0.17, 0.27];
/** Radius of the disk. */
export const defocusRadius: PerSeverity = [3, 4, 6, 8, 10];
/** Cut of the one-sided Gaussian along the line, and its deviation. */
export const motionBlurs: PerSeverity<{ readonly radius: number; readonly sigma: number }> = [
  { radius: 10, sigma: 3 },
  { radius: 15, sigma: 5 },
  { radius: 15, sigma: 8 },
  { radius: 15, sigma: 12 },
  { radius: 20, sigma: 15 },
];
/** Motion is drawn between minus and plus this many degrees from the horizontal. */
export const motionDegrees = 45;
export const jpegQuality: PerSeverity = [25, 18, 15, 10, 7];
/** Share of each side that is kept. */
export const pixelation: PerSeverity = [0.6, 0.5, 0.4, 0.3, 0.25];
/** Added to V of HSV (brighter) or taken from it (darker). */
export const valueShift: PerSeverity = [0.1, 0.2, 0.3, 0.4, 0.5];
/** Factor on the distance from the mean. */
export const contrast: PerSeverity = [0.4, 0.3, 0.2, 0.1, 0.05];
/** S of HSV is multiplied, then something is added: severities 1 and 2 take colour away, 3 to 5 add it. */
export const saturation: PerSeverity<{ readonly factor: number; readonly offset: number }> = [
  { factor: 0.3, offset: 0 },
  { factor: 0.1, offset: 0 },
  { factor: 2, offset: 0 },
  { factor: 5, offset: 0.1 },
  { factor: 20, offset: 0.2 },
];
/** Radius of the disk on the foreground alone: larger, for it is to be seen against a sharp background; not in that list. */
export const foregroundRadius: PerSeverity = [8, 10, 12, 15, 18];
/** Share of each side that a crop through the subject keeps; not in that list either. */
export const cropKeeps: PerSeverity = [0.6, 0.55, 0.5, 0.45, 0.4];

const all = [1, 2, 3, 4, 5] as const;

/** The severities an attribute comes in, ascending. */
export function severitiesOf(attribute: AttributeName): readonly number[] {
  if (attribute === 'less saturated') return [1, 2];
  return attribute === 'more saturated' ? [3, 4, 5] : all;
}

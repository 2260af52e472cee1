// Names of the degraded test photographs of aesthetic suggesting: the seam between the augmentor that makes them and
// the evaluator that asks about them.
import type { TrialConfig } from '@calm-orch/core';
import { heldOutPhotos } from './photo-list.ts';

export const degradationNames = ['noise', 'blur', 'darker', 'brighter', 'dull', 'crop'] as const;
export type DegradationName = (typeof degradationNames)[number];

/** Square crops of each carried photograph; of a photograph of PCCD there is one, the whole. */
export const cropsPerPhoto = 4;

/** At most: all, each as it is and with every degradation. A function: what does not call it does not depend on the photographs. */
export function numDegradedPhotos({ data, evaluate }: Pick<TrialConfig, 'data' | 'evaluate'>): number {
  const number = data.source === 'files' ? evaluate.suggestionPhotos : heldOutPhotos.length * cropsPerPhoto;
  return number * (1 + degradationNames.length);
}

export interface DegradedPhoto {
  readonly photo: string;
  readonly crop: number;
  /** null: the crop as it is. */
  readonly degradation: DegradationName | null;
}

export function degradedFile({ photo, crop, degradation }: DegradedPhoto): string {
  return `${photo}-${crop}-${degradation ?? 'original'}.png`;
}

/** What a file name of `degradedFile` says; null for other names. */
export function degradedPhotoOf(file: string): DegradedPhoto | null {
  const [, photo, crop, degradation] = /^(.+)-(\d+)-([a-z]+)\.png$/.exec(file) ?? [];
  if (photo === undefined) return null;
  const known = degradationNames.find((name) => name === degradation) ?? null;
  return known === null && degradation !== 'original' ? null : { photo, crop: Number(crop), degradation: known };
}

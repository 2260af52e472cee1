// One studio photograph as a file of a made dataset.
import { join } from 'node:path';
import { writeFileAtomic, type DataConfig } from '@calm-orch/core';
import { studioImage, studioRecord, type Pool, type StudioRecord } from '../studio/photo.ts';
import { toBytes } from '../studio/render.ts';
import { traitNames, type TraitName } from '../studio/taste.ts';
import { encodeJpeg } from '../studio/write-images.ts';

/** Ids of the photographs of a made dataset, so that no two datasets hold the same one. */
export const idsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

export async function writePhotograph(data: DataConfig, pool: Pool, id: number, ...path: string[]): Promise<void> {
  const { image } = studioImage(data.seed, pool, id, data.imageSize);
  writeFileAtomic(join(...path), await encodeJpeg(toBytes(image), data.imageSize));
}

export const recordOf = (data: DataConfig, pool: Pool, id: number): StudioRecord => studioRecord(data.seed, pool, id);

/** A trait on `least..most`, two decimals: 0, faultless, is three quarters up; -3 is the least. */
export function traitOn({ traits }: StudioRecord, name: TraitName, least: number, most: number): number {
  const share = Math.min(1, Math.max(0, 0.75 + traits[name] / 4));
  return rounded(least + share * (most - least));
}

/** The mean score on `least..most`, two decimals. */
export function scoreOn({ score }: StudioRecord, least: number, most: number): number {
  return rounded(least + ((score - 1) / 9) * (most - least));
}

/** The trait that stands for the i-th attribute of a dataset. */
export const traitFor = (i: number): TraitName => traitNames[i % traitNames.length]!;

const rounded = (value: number): number => Math.round(value * 100) / 100;

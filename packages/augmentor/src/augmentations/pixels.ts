// RGB photographs as bytes, and the way out of sharp.
import type { RgbImage } from '@calm-orch/data';
import type { Sharp } from 'sharp';

/** Runs a pipeline to bytes; it must end in three channels. */
export async function run(pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** A pixel rectangle, at least one pixel, wholly inside the photograph. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** 16-bit fixed point: factors of bytes up to 255 stay below 2^31. */
export const fixedOne = 65536;
export const fixedHalf = 32768;

export const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

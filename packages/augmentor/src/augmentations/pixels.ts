// Square RGB photographs as bytes, and the way in and out of sharp.
import { sharp, type RgbImage } from '@calm-orch/data';
import type { Sharp } from 'sharp';

/** Lengths in draw.ts are for photographs of this side. */
const referenceSide = 64;

/** A length of draw.ts in pixels of this photograph. */
export function scaled(length: number, image: RgbImage): number {
  return (length * Math.min(image.width, image.height)) / referenceSide;
}

export function pipelineOf({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Runs a pipeline to bytes; it must end in three channels. */
export async function run(pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** A pixel rectangle, at least one pixel, wholly inside the photograph. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

// RGB photographs as bytes, and the way out of sharp.
import type { Box, RgbImage } from '@calm-orch/datasets';
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

/** The pixels of a box, whose edges are in units of the sides. */
export function regionOf({ width, height }: Pick<RgbImage, 'width' | 'height'>, box: Box): Region {
  const left = Math.min(width - 1, Math.max(0, Math.round(box.x * width)));
  const top = Math.min(height - 1, Math.max(0, Math.round(box.y * height)));
  return {
    left,
    top,
    width: Math.min(width - left, Math.max(1, Math.round(box.width * width))),
    height: Math.min(height - top, Math.max(1, Math.round(box.height * height))),
  };
}

/** A region as a photograph of its own. */
export function cut(image: RgbImage, { left, top, width, height }: Region): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 3 * ((top + y) * image.width + left);
    data.set(image.data.subarray(from, from + 3 * width), 3 * y * width);
  }
  return { data, width, height };
}

export const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

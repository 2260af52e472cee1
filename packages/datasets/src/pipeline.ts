// The way from pixels into sharp.
import type { Sharp } from 'sharp';
import type { RgbImage } from './images/images.ts';
import { sharp } from './images/sharp.ts';

/** A pipeline that begins with the pixels of an image, or with one byte a pixel (a mask). */
export function pipelineOf({ data, width, height }: RgbImage, channels: 1 | 3 = 3): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

// Masks that say where the foreground of a photograph is: `NAME.mask.png` beside `NAME.jpg`, bright where it is.
import { existsSync } from 'node:fs';
import { CalmError } from '@calm-orch/core';
import type { RgbImage } from './images.ts';
import { decodingProblem, maxPixels, readingProblem } from './image-problem.ts';
import { sameNamed } from '../text/same-named.ts';
import { sharp } from './sharp.ts';

const maskSuffix = '.mask.png';
/** Sides of a mask and its photograph may differ, their ratio by this much: one was rounded. */
const ratioTolerance = 0.02;

/** Whether a file name is that of a mask and not of a photograph. */
export const isMaskName = (name: string): boolean => name.endsWith(maskSuffix);

/** The mask that lies beside a photograph; null where there is none. */
export function maskFileOf(photoPath: string): string | null {
  const path = sameNamed(photoPath.replace(/\.[^./\\]+$/, '') + maskSuffix);
  return existsSync(path) ? path : null;
}

export interface LoadMaskOptions {
  /** The photograph was reduced, and its sides rounded: what fits the whole one still fits. @default false */
  readonly reduced?: boolean;
}

/**
 * One byte per pixel of the photograph, 255 where its foreground is. The mask may have another size, not another shape.
 * @throws CalmError bad_data where the mask does not decode or has another ratio of sides.
 */
export async function loadMask(
  path: string,
  { width, height }: Omit<RgbImage, 'data'>,
  { reduced = false }: LoadMaskOptions = {},
): Promise<Uint8Array> {
  const bad = (reason: string, cause?: unknown): CalmError =>
    new CalmError('bad_data', `mask ${path}: ${reason}; replace it or take it away`, { cause, data: { path, reason } });
  const problem = readingProblem(path);
  if (problem !== null) throw bad(`cannot decode it: ${problem.reason}`);
  const tolerance = ratioTolerance + (reduced ? 1 / width + 1 / height : 0);
  let decoded;
  try {
    const image = sharp(path, { failOn: 'truncated', limitInputPixels: maxPixels });
    const metadata = await image.metadata();
    const ratio = (metadata.width * height) / (metadata.height * width);
    if (Math.abs(ratio - 1) > tolerance) {
      const [expected, got] = [`${width}x${height}`, `${metadata.width}x${metadata.height}`];
      throw bad(`expected the shape of its photograph, ${expected}, got ${got}`);
    }
    decoded = await image
      .flatten({ background: '#000000' })
      .toColourspace('b-w')
      .resize(width, height, { fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    if (error instanceof CalmError) throw error;
    throw bad(`cannot decode it: ${decodingProblem(error, path)}`, error);
  }
  const { data, info } = decoded;
  if (info.channels === 1) return data;
  return Uint8Array.from({ length: width * height }, (_, pixel) => data[pixel * info.channels]!);
}

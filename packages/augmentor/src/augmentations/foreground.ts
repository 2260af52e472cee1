// Where the foreground of a photograph is, for the augmentations of group `subject`: a mask somebody made, else a box
// that somebody knows, else what a detector finds, else a guess.
import type { Box } from '@calm-orch/datasets';
import type { SeenPhoto } from './as-seen.ts';
import type { Detector } from './detection.ts';
import { salientBox } from './saliency.ts';

/** Who says where it is: a mask file, the data set, a detector, or the photograph's own saliency. */
export type ForegroundSource = 'mask' | 'known' | 'detection' | 'saliency';

export interface Foreground {
  readonly source: ForegroundSource;
  /** In units of the sides. */
  readonly box: Box;
  /** One byte a pixel of the photograph, 255 where the foreground is; null: the whole box. */
  readonly mask: Uint8Array | null;
}

/** Half of the full range: where a mask counts as foreground when its box is taken. */
const inMask = 128;

/** `known`: a box in units of the sides from the data set; `detect`: null for none. A mask that marks nothing is as none. */
export async function foregroundOf(
  { image, mask }: SeenPhoto,
  known: Box | null,
  detect: Detector | null,
): Promise<Foreground> {
  const masked = mask && boxOfMask(mask, image.width);
  if (masked) return { source: 'mask', box: masked, mask };
  if (known) return { source: 'known', box: known, mask: null };
  const detected = detect && (await detect(image));
  if (detected) return { source: 'detection', box: detected, mask: null };
  return { source: 'saliency', box: await salientBox(image), mask: null };
}

/** The tightest box around what a mask of `width` columns marks; null where it marks nothing. */
export function boxOfMask(mask: Uint8Array, width: number): Box | null {
  const height = mask.length / width;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel]! < inMask) continue;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (right < 0) return null;
  return {
    x: left / width,
    y: top / height,
    width: (right - left + 1) / width,
    height: (bottom - top + 1) / height,
  };
}

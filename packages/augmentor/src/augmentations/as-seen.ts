// A photograph as far as the model will see it, at the side it is loaded at: what is augmented is what is seen.
import { loadImage, loadMask, pipelineOf, type Fit, type RgbImage } from '@calm-orch/datasets';
import { cut } from './pixels.ts';

export interface SeenPhoto {
  readonly image: RgbImage;
  /** One byte a pixel, 255 where the foreground is; null: nobody gave one. */
  readonly mask: Uint8Array | null;
}

export interface AsSeenOptions {
  readonly path: string;
  readonly mask: string | null;
  /** Pixels; smaller photographs are not enlarged. */
  readonly side: number;
  /** `crop`: the centre square; `pad`: the whole photograph, its longer side brought to `side`. */
  readonly fit: Fit;
}

/** Throws CalmError not_found or bad_data, naming the photograph or its mask. */
export async function loadAsSeen({ path, mask: maskFile, side, fit }: AsSeenOptions): Promise<SeenPhoto> {
  const image = await loadImage(path, fit === 'pad' ? { maxSide: side } : { shorterSide: side });
  const photo = { image, mask: maskFile === null ? null : await loadMask(maskFile, image, { reduced: true }) };
  return fit === 'pad' ? photo : squareOf(photo);
}

/** The square in the middle. */
export async function squareOf({ image, mask }: SeenPhoto): Promise<SeenPhoto> {
  const { width, height } = image;
  if (width === height) return { image, mask };
  const shorter = Math.min(width, height);
  const left = Math.floor((width - shorter) / 2);
  const top = Math.floor((height - shorter) / 2);
  const square = { left, top, width: shorter, height: shorter };
  return {
    image: cut(image, square),
    mask:
      mask &&
      (await pipelineOf({ data: mask, width, height }, 1).extract(square).toColourspace('b-w').raw().toBuffer()),
  };
}

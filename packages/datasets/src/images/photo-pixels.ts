// A photograph from its file to the numbers the ViT reads.
import { clipSquare, type Fit } from './clip-square.ts';
import { loadImage, toPixels } from './images.ts';

export interface PixelsOf {
  readonly path: string;
  /** Of the ViT's square, pixels. */
  readonly side: number;
  readonly fit: Fit;
}

/** [side, side, 3] normalised pixels. @throws as `loadImage` */
export async function photoPixels({ path, side, fit }: PixelsOf): Promise<Float32Array> {
  return toPixels(clipSquare(await loadImage(path), side, fit));
}

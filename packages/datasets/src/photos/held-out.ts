// Keeps the photographs meant for testing out of the training pools even where a user's folder holds copies of them:
// resized, re-encoded or turned into another format, they still have the same thumbnail.
import type { RgbImage } from '../images/images.ts';
import { pipelineOf } from '../pipeline.ts';
import { loadCarriedPhoto } from './carried.ts';
import { heldOutPhotos } from './photo-list.ts';

const thumbnailSide = 12;
/** Copies differ by 1 to 3 grey levels, different photographs by 25 and more. */
const sameBelow = 8;

/** Says whether an image is a copy of a held-out photograph. */
export type HeldOutCheck = (image: RgbImage) => Promise<string | null>;

/** Loads the held-out thumbnails; the check returns the name of the photograph an image is a copy of, or null. */
export async function heldOutCheck(): Promise<HeldOutCheck> {
  const known: { readonly name: string; readonly thumbnail: Uint8Array }[] = [];
  for (const photo of heldOutPhotos) {
    known.push({ name: photo.name, thumbnail: await thumbnailOf(await loadCarriedPhoto(photo)) });
  }
  return async (image) => {
    const thumbnail = await thumbnailOf(image);
    return known.find((other) => rootMeanSquare(thumbnail, other.thumbnail) < sameBelow)?.name ?? null;
  };
}

async function thumbnailOf(image: RgbImage): Promise<Uint8Array> {
  return pipelineOf(image).resize(thumbnailSide, thumbnailSide, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
}

function rootMeanSquare(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / a.length);
}

// Reads the photographs carried in assets/photos, checking each against its hash: what enters a pool is what the list
// in the code says, or nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalmError, programRoot, refuseMistakenFile, sha256 } from '@calm-orch/core';
import { loadImage, type RgbImage } from '../images/images.ts';
import type { CarriedPhoto } from './photo-list.ts';

export const carriedPhotosDir = join(programRoot, 'assets', 'photos');

/** Decodes one carried photograph. Throws not_found or bad_data where the file is not the listed one. */
export async function loadCarriedPhoto(photo: CarriedPhoto, dir = carriedPhotosDir): Promise<RgbImage> {
  const path = join(dir, photo.file);
  if (!existsSync(path))
    throw new CalmError('not_found', `carried photograph ${path} is missing; restore assets/photos`);
  const found = sha256(readFileSync(path));
  if (found !== photo.sha256) {
    refuseMistakenFile(path);
    const message = `carried photograph ${path}: expected sha256 ${photo.sha256}, got ${found}; restore assets/photos`;
    throw new CalmError('bad_data', message);
  }
  return loadImage(path);
}

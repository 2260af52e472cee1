// A photograph as a browser shows it: small files as they are, so that every pixel is the one the model saw; large ones, and
// formats that browsers lack, made smaller.
import { readFileSync, statSync } from 'node:fs';
import { pipelineOf } from '../pipeline.ts';
import { maxPixels } from './image-problem.ts';
import { loadImage, type RgbImage } from './images.ts';
import { sharp } from './sharp.ts';

export interface BrowserPicture {
  /** Media type. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** Of a picture that goes as it is. */
const maxBytes = 512 * 1024;
/** Pixels of the longer side. */
const maxSide = 1024;

const types: Readonly<Record<string, string>> = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

/** @throws CalmError as `loadImage` does for a file that is none, or no image */
export async function browserPicture(path: string): Promise<BrowserPicture> {
  const type = await typeAsItIs(path);
  if (type !== undefined) return { type, bytes: readFileSync(path) };
  return smallPicture(await loadImage(path, { maxSide }));
}

/** Made smaller where it is larger than what is shown. */
export async function smallPicture(image: RgbImage): Promise<BrowserPicture> {
  const small = pipelineOf(image).resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true });
  return { type: 'image/jpeg', bytes: await small.jpeg({ quality: 90 }).toBuffer() };
}

/** Undefined: it is not for browsers as it is. */
async function typeAsItIs(path: string): Promise<string | undefined> {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > maxBytes) return undefined;
    const { format, width, height } = await sharp(path, { limitInputPixels: maxPixels }).metadata();
    return Math.max(width, height) > maxSide ? undefined : types[format];
  } catch {
    return undefined;
  }
}

// A photograph that somebody sends, from its bytes alone: what it asks for is known before anything is decoded, and only
// decoders of photographs are there to be asked. It is decoded as files are, so that the same model says the same of it.
import { CalmError } from '@calm-orch/core';
import { decoded, minSide, type RgbImage } from '../images/images.ts';
import { sharp } from '../images/sharp.ts';

/** So many and more are refused. */
export const maxUploadPixels = 100_000_000;

const formats = ['JPEG', 'PNG', 'WebP', 'GIF', 'TIFF', 'AVIF'] as const;
/** libvips' decoders of these. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}Buffer`);

/** From then on this process decodes bytes of these formats and nothing else: no drawing, document or file. */
export function onlyPhotographs(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
}

/** @throws CalmError `invalid_argument` where it has too many pixels (`data.reason` 'size') or is no photograph ('format') */
export async function decodeUpload(bytes: Uint8Array): Promise<RgbImage> {
  if (bytes.length === 0) throw refused('format', 'it is empty');
  const { width, height } = await headerOf(bytes);
  if (width * height >= maxUploadPixels) {
    const most = `fewer than ${maxUploadPixels / 1e6} megapixels`;
    throw refused('size', `expected ${most}, got ${width}x${height}; send a smaller copy`);
  }
  if (Math.min(width, height) < minSide)
    throw refused('format', `expected at least ${minSide}x${minSide} pixels, got ${width}x${height}`);
  try {
    return await decoded(bytes, 'upload');
  } catch (cause) {
    throw refused('format', 'it is damaged or cut short', cause);
  }
}

async function headerOf(bytes: Uint8Array): Promise<{ readonly width: number; readonly height: number }> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw refused('format', `it is none of ${formats.join(', ')}`, cause);
  }
}

const refused = (reason: 'size' | 'format', why: string, cause?: unknown): CalmError =>
  new CalmError('invalid_argument', `this is no photograph that is read here: ${why}`, { cause, data: { reason } });

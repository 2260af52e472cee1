// Photographs as pixels: decode anything a dataset holds to 8-bit RGB, and bring it to the square the ViT wants.
import { basename } from 'node:path';
import { CalmError } from '@calm-orch/core';
import { resize } from './bicubic.ts';
import { decodingProblem, maxPixels, readingProblem } from './image-problem.ts';
import { pipelineOf } from '../pipeline.ts';
import { sharp } from './sharp.ts';

/** Per-channel mean and deviation CLIP's images are normalised with (openai/CLIP). */
export const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
export const clipStd = [0.26862954, 0.26130258, 0.27577711] as const;

export interface RgbImage {
  /** height*width*3 bytes, RGB interleaved. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Images below this many pixels a side are thumbnails or placeholders, as in pyiqa's cleaning of AVA. */
export const minSide = 10;

export interface LoadImageOptions {
  /** Shrink (never enlarge) so that the longer side is at most this many pixels. @default null: as it is */
  readonly maxSide?: number | null;
  /** The same for the shorter side. @default null: as it is */
  readonly shorterSide?: number | null;
}

/**
 * Decodes an image file: EXIF orientation applied, grayscale and CMYK converted to sRGB, transparency laid on white.
 * Reduced or not, the same files are refused; a strip is not reduced below the least side.
 * @throws CalmError not_found, or bad_data naming the file where it is truncated, no image, or tiny (`data.reason`: why);
 * io where it cannot be read for what may pass.
 */
export async function loadImage(
  path: string,
  { maxSide = null, shorterSide = null }: LoadImageOptions = {},
): Promise<RgbImage> {
  const problem = readingProblem(path);
  if (problem?.missing === true) {
    // What stands for bytes that are no text leads to no file.
    const remedy = path.includes('\uFFFD') ? 'its name is not UTF-8, rename it' : 'check the name and the folder';
    throw new CalmError('not_found', `no image ${path}; ${remedy}`, { data: { path, reason: problem.reason } });
  }
  if (problem !== null) throw cannotDecode(path, problem.reason);
  let image = await decode(path, maxSide, shorterSide);
  if (isTiny(image)) {
    const whole = await sharp(path).metadata();
    if (isTiny(whole)) {
      const reason = `expected at least ${minSide}x${minSide} pixels, got ${whole.width}x${whole.height}`;
      throw new CalmError('bad_data', `image ${path}: ${reason}`, { data: { path, reason } });
    }
    const [short, long] = [Math.min(whole.width, whole.height), Math.max(whole.width, whole.height)];
    image = await decode(path, Math.ceil((minSide * long) / short), shorterSide);
  }
  const scale = shorterSide === null ? 1 : shorterSide / Math.min(image.width, image.height);
  return scale < 1 ? resize(image, Math.round(image.width * scale), Math.round(image.height * scale)) : image;
}

const isTiny = ({ width, height }: Pick<RgbImage, 'width' | 'height'>): boolean => Math.min(width, height) < minSide;

function cannotDecode(path: string, reason: string, cause?: unknown): CalmError {
  return new CalmError('bad_data', `cannot decode image ${path}: ${reason}; replace the file or take it off the list`, {
    cause,
    data: { path, reason },
  });
}

async function decode(path: string, maxSide: number | null, shorterSide: number | null): Promise<RgbImage> {
  try {
    return await decoded(path, basename(path), { maxSide, shorterSide });
  } catch (error) {
    if (error instanceof CalmError) throw error;
    throw cannotDecode(path, decodingProblem(error, path), error);
  }
}

/** @param source A file, or its bytes. @throws what sharp throws of it */
export async function decoded(
  source: string | Uint8Array,
  name: string,
  { maxSide = null, shorterSide = null }: LoadImageOptions = {},
): Promise<RgbImage> {
  let pipeline = sharp(source, { failOn: 'truncated', limitInputPixels: maxPixels })
    .autoOrient()
    .flatten({ background: '#ffffff' });
  if (maxSide !== null) pipeline = pipeline.resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true });
  if (shorterSide !== null) {
    // Decoders can leave out detail while they decode; the last halving, or less, is resize's.
    const options = { fit: 'outside', withoutEnlargement: true, kernel: 'cubic' } as const;
    pipeline = pipeline.resize(2 * shorterSide, 2 * shorterSide, options);
  }
  const { data, info } = await pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return {
    data: info.channels === 3 ? data : toThreeChannels(data, info.channels, name),
    width: info.width,
    height: info.height,
  };
}

function toThreeChannels(data: Uint8Array, channels: number, name: string): Uint8Array {
  if (channels > 2) throw new CalmError('bad_data', `image ${name}: expected 1 to 3 channels, got ${channels}`);
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) rgb.fill(data[pixel * channels]!, 3 * pixel, 3 * pixel + 3);
  return rgb;
}

/** Resizes the shorter side to `side` and crops the centre square; an image of that size is returned as it is. */
export async function fitSquare(image: RgbImage, side: number): Promise<RgbImage> {
  if (image.width === side && image.height === side) return image;
  const data = await pipelineOf(image)
    .resize(side, side, { fit: 'cover', position: 'centre', kernel: 'cubic' })
    .raw()
    .toBuffer();
  return { data, width: side, height: side };
}

export interface PixelOptions {
  /** Subtracted from each channel after scaling to 0..1. @default clipMean */
  readonly mean?: readonly [number, number, number];
  /** Divides each channel after that. @default clipStd */
  readonly std?: readonly [number, number, number];
  /** Where to write; length height*width*3. @default a new array */
  readonly into?: Float32Array;
}

/** Normalised float pixels HWC, as the ViT reads them. */
export function toPixels(
  { data }: Pick<RgbImage, 'data'>,
  { mean = clipMean, std = clipStd, into }: PixelOptions = {},
): Float32Array {
  const pixels = into ?? new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = (data[i]! / 255 - mean[i % 3]!) / std[i % 3]!;
  return pixels;
}

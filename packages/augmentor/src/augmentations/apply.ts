// Applies drawn augmentations in the order in which a camera would: framing, subject, lens, light, sensor, file. A crop is
// cut from the photograph as it is, so that it stays sharp; all else happens at the size at which the model sees it.
import { assertNever, CalmError, type Rng } from '@calm-orch/core';
import { clipSquare, pipelineOf, type RgbImage } from '@calm-orch/datasets';
import { defocus, motionBlur } from './blur.ts';
import { scaleContrast, scaleSaturation, shiftValue } from './color.ts';
import type { Augmentation, Operation } from './draw.ts';
import type { Foreground } from './foreground.ts';
import { compress } from './jpeg.ts';
import { addGaussianNoise, addSaltAndPepper } from './noise.ts';
import { pixelate } from './pixelate.ts';
import { cut, regionOf, type Region } from './pixels.ts';
import { blurForeground, cropFrame, foregroundWithin, maskForeground } from './subject.ts';

/** What changes the pixels of a frame; a crop chooses the frame. */
export type PixelOperation = Exclude<Operation, { readonly kind: 'crop' }>;

const order: readonly PixelOperation['kind'][] = [
  'blur foreground',
  'mask foreground',
  'defocus',
  'motion',
  'value',
  'saturation',
  'contrast',
  'gaussian noise',
  'salt and pepper',
  'pixelate',
  'jpeg',
];

export interface ApplyOptions {
  /** Needed by what is done to it. */
  readonly foreground: Foreground | null;
  /** Feeds the noise, nothing else. */
  readonly random: Rng;
  /** The model's input side, pixels: the longer side while the photograph is changed. */
  readonly side: number;
}

export interface Augmented {
  /** [side, side], as the model sees it. */
  readonly square: RgbImage;
  /** The same without the border of a photograph that is no square. */
  readonly photo: RgbImage;
}

/** The square with nothing done to it is `clipSquare(photo, side, 'pad')`; the border of that is never changed. */
export async function applyAugmentations(
  photo: RgbImage,
  augmentations: readonly Pick<Augmentation, 'operation'>[],
  { foreground, random, side }: ApplyOptions,
): Promise<Augmented> {
  const operations = augmentations.map(({ operation }) => operation);
  const framed = framedBy(
    { image: photo, foreground },
    operations.find((one) => one.kind === 'crop'),
  );
  const square = clipSquare(framed.image, side, 'pad');
  const inside = photographOf(framed.image, side);
  const seen = { image: cut(square, inside), foreground: await reduced(framed, inside) };
  const changing = operations.filter((one) => one.kind !== 'crop');
  changing.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  for (const operation of changing) seen.image = await applyOne(seen.image, operation, seen.foreground, random);
  return { square: pasted(square, seen.image, inside), photo: seen.image };
}

interface Framed {
  readonly image: RgbImage;
  readonly foreground: Foreground | null;
}

function framedBy(
  { image, foreground }: Framed,
  crop: Extract<Operation, { readonly kind: 'crop' }> | undefined,
): Framed {
  if (crop === undefined) return { image, foreground };
  const frame = cropFrame(needed(foreground).box, crop);
  const region = regionOf(image, frame);
  return { image: cut(image, region), foreground: foregroundWithin(needed(foreground), frame, region, image.width) };
}

/** The pixels of the padded square that the photograph alone makes. */
function photographOf({ width, height }: RgbImage, side: number): Region {
  const longer = Math.max(width, height);
  const along = (length: number): [first: number, size: number] => {
    const before = Math.floor((longer - length) / 2);
    const first = Math.ceil((before * side) / longer);
    return [first, Math.max(1, Math.floor(((before + length) * side) / longer) - first)];
  };
  const [left, wide] = along(width);
  const [top, high] = along(height);
  return { left, top, width: wide, height: high };
}

/** The foreground for a photograph brought to `width` x `height`. */
async function reduced({ image, foreground }: Framed, { width, height }: Region): Promise<Foreground | null> {
  if (!foreground?.mask) return foreground;
  const mask = pipelineOf({ data: foreground.mask, width: image.width, height: image.height }, 1);
  const data = await mask.resize(width, height, { fit: 'fill' }).toColourspace('b-w').raw().toBuffer();
  return { ...foreground, mask: data };
}

function pasted(square: RgbImage, image: RgbImage, { left, top }: Region): RgbImage {
  if (image.width === square.width && image.height === square.height) return image;
  const data = Uint8Array.from(square.data);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(3 * y * image.width, 3 * (y + 1) * image.width);
    data.set(row, 3 * ((top + y) * square.width + left));
  }
  return { ...square, data };
}

/** One operation on a photograph of any size, which stays. */
export async function applyOne(
  image: RgbImage,
  operation: PixelOperation,
  foreground: Foreground | null,
  random: Rng,
): Promise<RgbImage> {
  switch (operation.kind) {
    case 'gaussian noise':
      return addGaussianNoise(image, operation.deviation, random);
    case 'salt and pepper':
      return addSaltAndPepper(image, operation.density, random);
    case 'jpeg':
      return compress(image, operation.quality);
    case 'defocus':
      return defocus(image, operation.radius);
    case 'motion':
      return motionBlur(image, operation.radius, operation.sigma, operation.degrees);
    case 'pixelate':
      return pixelate(image, operation.keeps);
    case 'value':
      return shiftValue(image, operation.shift);
    case 'saturation':
      return scaleSaturation(image, operation.factor, operation.offset);
    case 'contrast':
      return scaleContrast(image, operation.factor);
    case 'blur foreground':
      return blurForeground(image, needed(foreground), operation.radius);
    case 'mask foreground':
      return maskForeground(image, needed(foreground));
    default:
      return assertNever(operation);
  }
}

function needed(foreground: Foreground | null): Foreground {
  if (foreground === null) throw new CalmError('internal', 'augmenting: nobody says where the foreground is');
  return foreground;
}

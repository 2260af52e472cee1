// Applies drawn augmentations in the order in which a camera would: subject, framing, lens, light, sensor, file.
import { assertNever, CalmError, type Rng } from '@calm-orch/core';
import type { RgbImage } from '@calm-orch/datasets';
import { defocus, motionBlur } from './blur.ts';
import { scaleContrast, scaleSaturation, shiftValue } from './color.ts';
import type { Augmentation, Operation } from './draw.ts';
import type { Foreground } from './foreground.ts';
import { compress } from './jpeg.ts';
import { addGaussianNoise, addSaltAndPepper } from './noise.ts';
import { pixelate } from './pixelate.ts';
import { blurForeground, cropThroughSubject, maskForeground } from './subject.ts';

const order: readonly Operation['kind'][] = [
  'blur foreground',
  'mask foreground',
  'crop',
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

/**
 * Returns the augmented photograph, of the same size; `random` feeds the noise only. The operations on the foreground need
 * to know where it is.
 */
export async function applyAugmentations(
  image: RgbImage,
  augmentations: readonly Pick<Augmentation, 'operation'>[],
  foreground: Foreground | null,
  random: Rng,
): Promise<RgbImage> {
  const operations = augmentations.map(({ operation }) => operation);
  operations.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  let result = image;
  for (const operation of operations) result = await applyOne(result, operation, foreground, random);
  return result;
}

/** One operation; noise is drawn from `random`, all else is in the operation. */
export async function applyOne(
  image: RgbImage,
  operation: Operation,
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
    case 'crop':
      return cropThroughSubject(image, needed(foreground).box, operation);
    default:
      return assertNever(operation);
  }
}

function needed(foreground: Foreground | null): Foreground {
  if (foreground === null) throw new CalmError('internal', 'augmenting: nobody says where the foreground is');
  return foreground;
}

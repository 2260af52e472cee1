// Applies drawn augmentations in the order in which a camera would: framing, subject, lens, light, sensor, file.
import { assertNever, type Rng } from '@calm-orch/core';
import type { AttributeName, Box, RgbImage } from '@calm-orch/data';
import { brighten, saturate, scaleContrast } from './color.ts';
import type { Augmentation } from './draw.ts';
import { addGaussianNoise, addSaltAndPepper, blur, compress, motionBlur, pixelate } from './quality.ts';
import { blurSubject, cropThroughSubject, maskSubject } from './subject.ts';

const order: readonly AttributeName[] = [
  'subject blurred',
  'subject masked',
  'cropped',
  'blur',
  'brighter',
  'darker',
  'more saturated',
  'less saturated',
  'less contrast',
  'noise',
  'pixelation',
  'compression',
];

/** Returns the augmented photograph; `subject` is the box of its main subject, `random` feeds the noise only. */
export async function applyAugmentations(
  image: RgbImage,
  augmentations: readonly Augmentation[],
  subject: Box,
  random: Rng,
): Promise<RgbImage> {
  const sorted = [...augmentations].sort((a, b) => order.indexOf(a.attribute) - order.indexOf(b.attribute));
  let result = image;
  for (const augmentation of sorted) result = await applyOne(result, augmentation, subject, random);
  return result;
}

async function applyOne(
  image: RgbImage,
  { attribute, parameters }: Augmentation,
  subject: Box,
  random: Rng,
): Promise<RgbImage> {
  const number = (name: string): number => parameters[name] as number;
  switch (attribute) {
    case 'noise':
      return parameters['kind'] === 'gaussian'
        ? addGaussianNoise(image, number('deviation'), random)
        : addSaltAndPepper(image, number('density'), random);
    case 'compression':
      return compress(image, number('quality'));
    case 'blur':
      return parameters['kind'] === 'gaussian'
        ? blur(image, number('sigma'))
        : motionBlur(image, number('length'), number('degrees'));
    case 'pixelation':
      return pixelate(image, number('block'));
    case 'brighter':
    case 'darker':
      return brighten(image, number('factor'));
    case 'more saturated':
    case 'less saturated':
      return saturate(image, number('factor'));
    case 'less contrast':
      return scaleContrast(image, number('factor'));
    case 'subject blurred':
      return blurSubject(image, subject, number('sigma'));
    case 'subject masked':
      return maskSubject(image, subject);
    case 'cropped': {
      const crop = { keeps: number('keeps'), edge: number('edge'), cutsAt: number('cutsAt'), along: number('along') };
      return cropThroughSubject(image, subject, crop);
    }
    default:
      return assertNever(attribute);
  }
}

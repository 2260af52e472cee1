// The six drastic degradations of aesthetic suggesting (CALM, section 4.3), at severity 5 of common-corruption strengths
// (Hendrycks and Dietterich 2019), for photographs reduced to 2.5 times the model's input side.
import { assertNever, type Rng } from '@calm-orch/core';
import { degradationNames, type DegradationName, type RgbImage } from '@calm-orch/data';
import { pipelineOf, run } from './pixels.ts';
import { addGaussianNoise, addSaltAndPepper, motionBlur } from './quality.ts';
import { salientBox } from './saliency.ts';
import { cropThroughSubject } from './subject.ts';

export { degradationNames, type DegradationName };

const gaussianDeviation = 0.38;
const saltAndPepperDensity = 0.27;
const defocusRadius = 10;
/** About as long as a one-sided Gaussian of deviation 15 cut at 20. */
const motionLength = 25;
const valueShift = 0.5;
const saturationFactor = 0.1;
const cropKeeps = [0.4, 0.6] as const;

/** A degraded copy; which of two kinds of noise or blur, and where a crop lies, is drawn. */
export async function degradePhoto(image: RgbImage, name: DegradationName, random: Rng): Promise<RgbImage> {
  const first = random.uniform() < 0.5;
  switch (name) {
    case 'noise':
      return first
        ? addGaussianNoise(image, gaussianDeviation, random)
        : addSaltAndPepper(image, saltAndPepperDensity, random);
    case 'blur':
      return first
        ? defocus(image, defocusRadius)
        : // Lengths of motionBlur are for photographs of 64 pixels.
          motionBlur(image, (motionLength * 64) / Math.min(image.width, image.height), random.int(91) - 45);
    case 'darker':
      return mapValue(image, (value) => value - valueShift);
    case 'brighter':
      return mapValue(image, (value) => value + valueShift);
    case 'dull':
      return desaturate(image, saturationFactor);
    case 'crop':
      return cropThroughSubject(image, await salientBox(image), {
        keeps: random.range(...cropKeeps),
        edge: random.int(4),
        cutsAt: random.range(0.35, 0.65),
        along: random.uniform(),
      });
    default:
      return assertNever(name);
  }
}

/** Replaces V of HSV, hue and saturation kept; a black pixel becomes grey. */
function mapValue(image: RgbImage, change: (value: number) => number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const value = Math.max(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!);
    const target = 255 * Math.min(1, Math.max(0, change(value / 255)));
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(value === 0 ? target : (image.data[i + c]! * target) / value);
  }
  return { ...image, data };
}

/** Multiplies S of HSV. */
function desaturate(image: RgbImage, factor: number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const value = Math.max(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!);
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(value - (value - image.data[i + c]!) * factor);
  }
  return { ...image, data };
}

/** Convolves with a disk of `radius` pixels. */
async function defocus(image: RgbImage, radius: number): Promise<RgbImage> {
  const side = 2 * radius + 1;
  const kernel = Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot((i % side) - radius, Math.floor(i / side) - radius);
    return distance <= radius ? 1 : 0;
  });
  return run(pipelineOf(image).convolve({ width: side, height: side, kernel }));
}

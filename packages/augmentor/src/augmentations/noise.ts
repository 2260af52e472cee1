// Group `quality`: noise of the sensor.
import type { Rng } from '@calm-orch/core';
import { addNormalNoise, type RgbImage } from '@calm-orch/datasets';

/** Adds normal noise of `deviation` (of the full range) to every channel. */
export function addGaussianNoise(image: RgbImage, deviation: number, random: Rng): RgbImage {
  const data = addNormalNoise(image.data, 255 * deviation, random, new Uint8ClampedArray(image.data.length));
  return { ...image, data: new Uint8Array(data.buffer) };
}

/** Turns a share `density` of the pixels black or white, in equal parts. */
export function addSaltAndPepper(image: RgbImage, density: number, random: Rng): RgbImage {
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += 3) {
    const draw = random.uniform();
    if (draw >= density) continue;
    data[i] = data[i + 1] = data[i + 2] = draw < density / 2 ? 0 : 255;
  }
  return { ...image, data };
}

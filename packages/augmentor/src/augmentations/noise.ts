// Group `quality`: noise of the sensor.
import type { Rng } from '@calm-orch/core';
import type { RgbImage } from '@calm-orch/data';

/** Adds normal noise of `deviation` (of the full range) to every channel; Box-Muller, both halves of each pair used. */
export function addGaussianNoise(image: RgbImage, deviation: number, random: Rng): RgbImage {
  const source = image.data;
  const data = new Uint8ClampedArray(source.length);
  for (let i = 0; i < source.length; i += 2) {
    const radius = 255 * deviation * Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    data[i] = source[i]! + radius * Math.cos(angle);
    if (i + 1 < source.length) data[i + 1] = source[i + 1]! + radius * Math.sin(angle);
  }
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

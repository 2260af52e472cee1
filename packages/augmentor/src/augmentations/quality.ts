// Group `quality`: noise, compression, blur, pixelation.
import type { Rng } from '@calm-orch/core';
import { sharp, type RgbImage } from '@calm-orch/data';
import { pipelineOf, run, scaled } from './pixels.ts';

/** Adds normal noise of `deviation` (of the full range) to every channel. */
export function addGaussianNoise(image: RgbImage, deviation: number, random: Rng): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Math.round(image.data[i]! + 255 * random.normal(0, deviation));
    data[i] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
  return { ...image, data };
}

/** Turns a share `density` of the pixels black or white. */
export function addSaltAndPepper(image: RgbImage, density: number, random: Rng): RgbImage {
  const data = Uint8Array.from(image.data);
  for (let pixel = 0; pixel < data.length / 3; pixel++) {
    const draw = random.uniform();
    if (draw < density) data.fill(draw < density / 2 ? 0 : 255, 3 * pixel, 3 * pixel + 3);
  }
  return { ...image, data };
}

/** Encodes as JPEG of `quality` and decodes again. */
export async function compress(image: RgbImage, quality: number): Promise<RgbImage> {
  return run(sharp(await pipelineOf(image).jpeg({ quality }).toBuffer()));
}

export async function blur(image: RgbImage, sigma: number): Promise<RgbImage> {
  // libvips' lower bound of a blur that does something.
  return run(pipelineOf(image).blur(Math.max(0.3, scaled(sigma, image))));
}

/** Blurs along a line of `length` (pixels at side 64) at an angle, as a moving camera does. */
export async function motionBlur(image: RgbImage, length: number, degrees: number): Promise<RgbImage> {
  return run(pipelineOf(image).convolve(lineKernel(scaled(length, image), degrees)));
}

/** Points along the line, each spread over its four nearest cells, so that every angle has the same weight. */
function lineKernel(length: number, degrees: number): { width: number; height: number; kernel: number[] } {
  const radius = Math.max(1, Math.ceil(length / 2));
  const side = 2 * radius + 1;
  const kernel = new Array<number>(side * side).fill(0);
  const numPoints = 4 * Math.ceil(length);
  const angle = (degrees * Math.PI) / 180;
  for (let point = 0; point < numPoints; point++) {
    const along = ((point + 0.5) / numPoints - 0.5) * (length - 1);
    const x = radius + along * Math.cos(angle);
    const y = radius + along * Math.sin(angle);
    for (const [column, row] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const [cellX, cellY] = [Math.floor(x) + column, Math.floor(y) + row];
      const weight = (1 - Math.abs(x - cellX)) * (1 - Math.abs(y - cellY));
      if (weight > 0) kernel[cellY * side + cellX]! += weight;
    }
  }
  return { width: side, height: side, kernel };
}

/** Shows blocks of `block` pixels (at side 64), each in the colour of one of its pixels. */
export async function pixelate(image: RgbImage, block: number): Promise<RgbImage> {
  const { width, height } = image;
  const size = scaled(block, image);
  const options = { fit: 'fill', kernel: 'nearest' } as const;
  const small = await run(pipelineOf(image).resize(Math.round(width / size), Math.round(height / size), options));
  return run(pipelineOf(small).resize(width, height, options));
}

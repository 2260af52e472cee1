// Features simple enough to be read by a linear model: what the baselines are given in place of a trained one.
import { power } from '@calm-orch/core';
import type { RgbImage } from '@calm-orch/datasets';

/** Mean and standard deviation of each channel over the tokens: [2 * width], means first. `states` is [tokens, width]. */
export function channelStatistics(states: Float32Array, tokens: number, width: number): Float64Array {
  const features = new Float64Array(2 * width);
  for (let token = 0; token < tokens; token++) {
    for (let c = 0; c < width; c++) features[c]! += states[token * width + c]! / tokens;
  }
  for (let token = 0; token < tokens; token++) {
    for (let c = 0; c < width; c++) features[width + c]! += (states[token * width + c]! - features[c]!) ** 2 / tokens;
  }
  for (let c = 0; c < width; c++) features[width + c] = Math.sqrt(features[width + c]!);
  return features;
}

export const pixelStatisticNames = [
  'red mean',
  'green mean',
  'blue mean',
  'red deviation',
  'green deviation',
  'blue deviation',
  'gradient energy',
  'gradient energy at half size',
  'saturation',
] as const;

/** Values of `pixelStatisticNames`, channels in 0..1. Gradient energy: log of the mean squared difference of neighbours. */
export function pixelStatistics({ data, width, height }: RgbImage): Float64Array {
  const channels = channelStatistics(
    Float32Array.from(data, (value) => value / 255),
    width * height,
    3,
  );
  let saturation = 0;
  const luma = new Float32Array(width * height);
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const [red, green, blue] = [data[3 * pixel]! / 255, data[3 * pixel + 1]! / 255, data[3 * pixel + 2]! / 255];
    const brightest = Math.max(red, green, blue);
    if (brightest > 0) saturation += (brightest - Math.min(red, green, blue)) / brightest / luma.length;
    // Rec. 601.
    luma[pixel] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  const half = halve(luma, width, height);
  return Float64Array.of(
    ...channels,
    gradientEnergy(luma, width, height),
    gradientEnergy(half, width >> 1, height >> 1),
    saturation,
  );
}

function gradientEnergy(luma: Float32Array, width: number, height: number): number {
  let sum = 0;
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const here = luma[y * width + x]!;
      sum += (luma[y * width + x + 1]! - here) ** 2 + (luma[(y + 1) * width + x]! - here) ** 2;
    }
  }
  // The smallest step of 8 bits, so that a flat image has a logarithm.
  return Math.log(sum / ((width - 1) * (height - 1)) + power(255, -2));
}

/** Means of 2 x 2 pixels; an odd last row or column is left out. */
function halve(luma: Float32Array, width: number, height: number): Float32Array {
  const [w, h] = [width >> 1, height >> 1];
  return Float32Array.from({ length: w * h }, (_, i) => {
    const corner = 2 * Math.floor(i / w) * width + 2 * (i % w);
    return (luma[corner]! + luma[corner + 1]! + luma[corner + width]! + luma[corner + width + 1]!) / 4;
  });
}

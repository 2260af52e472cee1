// How well a photograph is taken: pure functions on float images (RGB HWC, 0..1), each returning a new image.
// Lengths are in pixels of a 64-pixel photograph and scale with the side, so that a trait looks alike at any size.
import { power, type Rng } from '@calm-orch/core';
import { addNormalNoise } from '../images/normal-noise.ts';

/** What the photographer did wrong, or right. Neutral: { blur: 0, noise: 0, stops: 0, saturation: 1, contrast: 1 }. */
export interface Degradation {
  /** Standard deviation of a Gaussian blur, pixels at side 64. */
  readonly blur: number;
  /** Standard deviation of additive noise, in units of the full range. */
  readonly noise: number;
  /** Exposure in stops: the image is multiplied by 2^stops. */
  readonly stops: number;
  /** Factor on the distance from grey. */
  readonly saturation: number;
  /** Factor on the distance from mid-grey. */
  readonly contrast: number;
}

const referenceSide = 64;

/** Gaussian blur, kernel cut at three deviations, edges mirrored. `sigma` in pixels at side 64. */
export function gaussianBlur(image: Float32Array, side: number, sigma: number): Float32Array {
  const scaled = (sigma * side) / referenceSide;
  if (scaled < 0.05) return Float32Array.from(image);
  const radius = Math.min(side - 1, Math.max(1, Math.ceil(3 * scaled)));
  const kernel = new Float64Array(radius + 1);
  let total = 0;
  for (let i = 0; i <= radius; i++) {
    kernel[i] = Math.exp(-(i * i) / (2 * scaled * scaled));
    total += i === 0 ? kernel[i]! : 2 * kernel[i]!;
  }
  for (let i = 0; i <= radius; i++) kernel[i]! /= total;
  const rows = new Float32Array(image.length);
  const result = new Float32Array(image.length);
  blurAxis(image, rows, side, kernel, 3, 3 * side);
  blurAxis(rows, result, side, kernel, 3 * side, 3);
  return result;
}

/** One separable pass: along `step`, for every line `lineStep` apart; a padded copy of the line avoids edge tests. */
function blurAxis(
  source: Float32Array,
  target: Float32Array,
  side: number,
  kernel: Float64Array,
  step: number,
  lineStep: number,
): void {
  const radius = kernel.length - 1;
  const padded = new Float64Array(side + 2 * radius);
  for (let line = 0; line < side; line++) {
    for (let channel = 0; channel < 3; channel++) {
      const base = line * lineStep + channel;
      for (let i = 0; i < padded.length; i++) {
        const at = i - radius;
        const mirrored = at < 0 ? -at - 1 : at >= side ? 2 * side - 1 - at : at;
        padded[i] = source[base + mirrored * step]!;
      }
      for (let i = 0; i < side; i++) {
        const centre = i + radius;
        let sum = kernel[0]! * padded[centre]!;
        for (let k = 1; k <= radius; k++) sum += kernel[k]! * (padded[centre - k]! + padded[centre + k]!);
        target[base + i * step] = sum;
      }
    }
  }
}

/** Adds independent normal noise of deviation `sd` to every channel. */
export function addNoise(image: Float32Array, sd: number, random: Rng): Float32Array {
  return addNormalNoise(image, sd, random, new Float32Array(image.length));
}

export function adjustExposure(image: Float32Array, stops: number): Float32Array {
  const factor = power(2, stops);
  return image.map((value) => value * factor);
}

export function adjustSaturation(image: Float32Array, factor: number): Float32Array {
  const result = new Float32Array(image.length);
  for (let i = 0; i < image.length; i += 3) {
    const grey = (image[i]! + image[i + 1]! + image[i + 2]!) / 3;
    result[i] = grey + (image[i]! - grey) * factor;
    result[i + 1] = grey + (image[i + 1]! - grey) * factor;
    result[i + 2] = grey + (image[i + 2]! - grey) * factor;
  }
  return result;
}

/** Linear contrast about `pivot` (mid-grey). */
export function adjustContrast(image: Float32Array, factor: number, pivot = 0.5): Float32Array {
  return image.map((value) => pivot + (value - pivot) * factor);
}

export function clip(image: Float32Array): Float32Array {
  return image.map((value) => (value < 0 ? 0 : value > 1 ? 1 : value));
}

/** Lens, colours, exposure, sensor, in that order, clipped to 0..1. `random` feeds the noise only. */
export function degrade(image: Float32Array, side: number, degradation: Degradation, random: Rng): Float32Array {
  let result = degradation.blur > 0 ? gaussianBlur(image, side, degradation.blur) : image;
  result = adjustSaturation(result, degradation.saturation);
  result = adjustContrast(result, degradation.contrast);
  result = adjustExposure(result, degradation.stops);
  if (degradation.noise > 0) result = addNoise(result, degradation.noise, random);
  return clip(result);
}

// Group `color`: brightness and saturation in HSV, contrast about the mean. Hue never changes. Arithmetic is in integers or in
// single operations of 32-bit floats.
import type { RgbImage } from '@calm-orch/datasets';
import { toByte } from './pixels.ts';

const { fround } = Math;

/** The nearest integer, of two the even one, to a 32-bit float from 0 to 2^22: what is left of it beside 2^23. */
const rounded = (value: number): number => fround(value + 2 ** 23) - 2 ** 23;

/** Adds `shift` (of the full range) to V of HSV, hue and saturation kept; black becomes grey. */
export function shiftValue(image: RgbImage, shift: number): RgbImage {
  // By V and channel, both 0..255.
  const channels = new Uint8Array(2 ** 16);
  channels[0] = toByte(255 * shift);
  for (let value = 1; value < 256; value++) {
    const wanted = Math.min(255, Math.max(0, fround(value + fround(255 * shift))));
    const factor = fround(wanted / value);
    for (let channel = 0; channel <= value; channel++)
      channels[256 * value + channel] = rounded(fround(channel * factor));
  }
  const source = image.data;
  const data = new Uint8Array(source.length);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [source[i]!, source[i + 1]!, source[i + 2]!];
    const row = 256 * Math.max(red, green, blue);
    data[i] = channels[row + red]!;
    data[i + 1] = channels[row + green]!;
    data[i + 2] = channels[row + blue]!;
  }
  return { ...image, data };
}

/** Makes S of HSV `factor` * S + `offset`, hue and value kept; grey has no hue to show more of, so it stays grey. */
export function scaleSaturation(image: RgbImage, factor: number, offset = 0): RgbImage {
  const [factor32, offset32] = [fround(factor), fround(offset)];
  const source = image.data;
  const data = new Uint8Array(source.length);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [source[i]!, source[i + 1]!, source[i + 2]!];
    const value = Math.max(red, green, blue);
    // The greatest factor on distances from V: there S is 1.
    const full = fround(value / Math.max(1, value - Math.min(red, green, blue)));
    const scale = Math.min(full, Math.max(0, fround(factor32 + fround(offset32 * full))));
    data[i] = value - rounded(fround((value - red) * scale));
    data[i + 1] = value - rounded(fround((value - green) * scale));
    data[i + 2] = value - rounded(fround((value - blue) * scale));
  }
  return { ...image, data };
}

const fixedOne = 65536;

/** Multiplies the distance of each channel from its mean over the photograph. */
export function scaleContrast(image: RgbImage, factor: number): RgbImage {
  const factor16 = Math.round(fixedOne * factor);
  const data = new Uint8ClampedArray(image.data);
  for (const [channel, mean] of meanColor(image).entries()) {
    const offset = Math.round(fixedOne * (mean * (1 - factor) + 0.5));
    for (let i = channel; i < data.length; i += 3) data[i] = (data[i]! * factor16 + offset) >> 16;
  }
  return { ...image, data: new Uint8Array(data.buffer) };
}

/** Mean of each channel, 0..255. */
export function meanColor({ data }: RgbImage): [number, number, number] {
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    red += data[i]!;
    green += data[i + 1]!;
    blue += data[i + 2]!;
  }
  const numPixels = data.length / 3;
  return [red / numPixels, green / numPixels, blue / numPixels];
}

/** Mean distance of the channels from each other, 0..255: whether saturation can be seen at all. */
export function colorfulness({ data }: RgbImage): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
    sum += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return sum / (data.length / 3);
}

/** Below this mean distance between the channels (of 255) a change of saturation cannot be seen. */
const minColorfulness = 8;

/** Whether a photograph has no colour to change. */
export const isColorless = (image: RgbImage): boolean => colorfulness(image) < minColorfulness;

// Group `color`: brightness and saturation in HSV, contrast about the mean. Hue never changes.
import type { RgbImage } from '@calm-orch/data';
import { fixedHalf, fixedOne, toByte } from './pixels.ts';

/** Adds `shift` (of the full range) to V of HSV, hue and saturation kept; black becomes grey. */
export function shiftValue(image: RgbImage, shift: number): RgbImage {
  const source = image.data;
  const data = new Uint8Array(source.length);
  const gains = Int32Array.from({ length: 256 }, (_, value) =>
    value === 0 ? 0 : Math.round((fixedOne * Math.min(255, Math.max(0, value + 255 * shift))) / value),
  );
  const ofBlack = toByte(255 * shift);
  for (let i = 0; i < source.length; i += 3) {
    const red = source[i]!;
    const green = source[i + 1]!;
    const blue = source[i + 2]!;
    const larger = red > green ? red : green;
    const value = larger > blue ? larger : blue;
    if (value === 0) {
      data[i] = data[i + 1] = data[i + 2] = ofBlack;
      continue;
    }
    const gain = gains[value]!;
    data[i] = (red * gain + fixedHalf) >> 16;
    data[i + 1] = (green * gain + fixedHalf) >> 16;
    data[i + 2] = (blue * gain + fixedHalf) >> 16;
  }
  return { ...image, data };
}

const saturationGains = new Map<string, Int32Array>();

/** New S / S in fixed point for each (V, least channel); grey has no hue to show more of, so it stays grey. */
function gainsOf(factor: number, offset: number): Int32Array {
  const key = `${factor}+${offset}`;
  let gains = saturationGains.get(key);
  if (gains === undefined) {
    gains = new Int32Array(65536);
    for (let value = 1; value < 256; value++) {
      for (let least = 0; least < value; least++) {
        const saturation = (value - least) / value;
        const wanted = Math.min(1, Math.max(0, factor * saturation + offset));
        gains[(value << 8) | least] = Math.round((fixedOne * wanted) / saturation);
      }
    }
    saturationGains.set(key, gains);
  }
  return gains;
}

/** Makes S of HSV `factor` * S + `offset`, hue and value kept. */
export function scaleSaturation(image: RgbImage, factor: number, offset = 0): RgbImage {
  const source = image.data;
  const data = new Uint8Array(source.length);
  const gains = gainsOf(factor, offset);
  for (let i = 0; i < source.length; i += 3) {
    const red = source[i]!;
    const green = source[i + 1]!;
    const blue = source[i + 2]!;
    const larger = red > green ? red : green;
    const smaller = red > green ? green : red;
    const value = larger > blue ? larger : blue;
    const gain = gains[(value << 8) | (smaller < blue ? smaller : blue)]!;
    data[i] = value - (((value - red) * gain + fixedHalf) >> 16);
    data[i + 1] = value - (((value - green) * gain + fixedHalf) >> 16);
    data[i + 2] = value - (((value - blue) * gain + fixedHalf) >> 16);
  }
  return { ...image, data };
}

/** Multiplies the distance of each channel from its mean over the photograph. */
export function scaleContrast(image: RgbImage, factor: number): RgbImage {
  const source = image.data;
  const data = new Uint8Array(source.length);
  const [red, green, blue] = meanColor(image).map((mean) =>
    Uint8Array.from({ length: 256 }, (_, value) => toByte(mean + factor * (value - mean))),
  ) as [Uint8Array, Uint8Array, Uint8Array];
  for (let i = 0; i < source.length; i += 3) {
    data[i] = red[source[i]!]!;
    data[i + 1] = green[source[i + 1]!]!;
    data[i + 2] = blue[source[i + 2]!]!;
  }
  return { ...image, data };
}

/** Mean of each channel, 0..255. */
export function meanColor({ data }: RgbImage): [number, number, number] {
  let red = 0;
  let green = 0;
  let blue = 0;
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

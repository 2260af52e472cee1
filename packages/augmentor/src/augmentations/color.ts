// Group `color`: brightness and saturation in HSV, contrast about the mean. Hue never changes.
import type { RgbImage } from '@calm-orch/data';
import { fixedHalf, fixedOne, toByte } from './pixels.ts';

/**
 * Photographs go through these arrays band by band: the engine reads an array that never changes three times as fast as one it
 * is given, because it need not look up where it lies at every pixel. Nothing here may wait between filling and reading them.
 */
const band = new Uint8Array(3 * 8192);
const gains = new Int32Array(65536);
const [redTable, greenTable, blueTable] = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)];

/** A copy each band of which was changed by `change`, which is given the band's number of bytes. */
function changed(image: RgbImage, change: (numBytes: number) => void): RgbImage {
  const source = image.data;
  const data = new Uint8Array(source.length);
  for (let start = 0; start < source.length; start += band.length) {
    const part = source.subarray(start, start + band.length);
    band.set(part);
    change(part.length);
    data.set(part.length === band.length ? band : band.subarray(0, part.length), start);
  }
  return { ...image, data };
}

/** Adds `shift` (of the full range) to V of HSV, hue and saturation kept; black becomes grey. */
export function shiftValue(image: RgbImage, shift: number): RgbImage {
  for (let value = 1; value < 256; value++)
    gains[value] = Math.round((fixedOne * Math.min(255, Math.max(0, value + 255 * shift))) / value);
  const ofBlack = toByte(255 * shift);
  return changed(image, (numBytes) => {
    shiftBand(numBytes, ofBlack);
  });
}

function shiftBand(numBytes: number, ofBlack: number): void {
  for (let i = 0; i < numBytes; i += 3) {
    const red = band[i]!;
    const green = band[i + 1]!;
    const blue = band[i + 2]!;
    const larger = red > green ? red : green;
    const value = larger > blue ? larger : blue;
    if (value === 0) {
      band[i] = band[i + 1] = band[i + 2] = ofBlack;
      continue;
    }
    const gain = gains[value]!;
    band[i] = (red * gain + fixedHalf) >> 16;
    band[i + 1] = (green * gain + fixedHalf) >> 16;
    band[i + 2] = (blue * gain + fixedHalf) >> 16;
  }
}

const saturationGains = new Map<string, Int32Array>();

/** New S / S in fixed point for each (V, least channel); grey has no hue to show more of, so it stays grey. */
function gainsOf(factor: number, offset: number): Int32Array {
  const key = `${factor}+${offset}`;
  let own = saturationGains.get(key);
  if (own === undefined) {
    own = new Int32Array(65536);
    for (let value = 1; value < 256; value++) {
      for (let least = 0; least < value; least++) {
        const saturation = (value - least) / value;
        const wanted = Math.min(1, Math.max(0, factor * saturation + offset));
        own[(value << 8) | least] = Math.round((fixedOne * wanted) / saturation);
      }
    }
    saturationGains.set(key, own);
  }
  return own;
}

/** Makes S of HSV `factor` * S + `offset`, hue and value kept. */
export function scaleSaturation(image: RgbImage, factor: number, offset = 0): RgbImage {
  gains.set(gainsOf(factor, offset));
  return changed(image, saturateBand);
}

function saturateBand(numBytes: number): void {
  for (let i = 0; i < numBytes; i += 3) {
    const red = band[i]!;
    const green = band[i + 1]!;
    const blue = band[i + 2]!;
    const larger = red > green ? red : green;
    const smaller = red > green ? green : red;
    const value = larger > blue ? larger : blue;
    const gain = gains[(value << 8) | (smaller < blue ? smaller : blue)]!;
    band[i] = value - (((value - red) * gain + fixedHalf) >> 16);
    band[i + 1] = value - (((value - green) * gain + fixedHalf) >> 16);
    band[i + 2] = value - (((value - blue) * gain + fixedHalf) >> 16);
  }
}

/** Multiplies the distance of each channel from its mean over the photograph. */
export function scaleContrast(image: RgbImage, factor: number): RgbImage {
  const means = meanColor(image);
  [redTable, greenTable, blueTable].forEach((table, channel) => {
    const mean = means[channel]!;
    for (let value = 0; value < 256; value++) table[value] = toByte(mean + factor * (value - mean));
  });
  return changed(image, lookUpBand);
}

function lookUpBand(numBytes: number): void {
  for (let i = 0; i < numBytes; i += 3) {
    band[i] = redTable[band[i]!]!;
    band[i + 1] = greenTable[band[i + 1]!]!;
    band[i + 2] = blueTable[band[i + 2]!]!;
  }
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

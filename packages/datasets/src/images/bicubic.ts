// Pillow's bicubic reduction of 8-bit RGB, bit for bit: the filter of Keys (1981) with a = -0.5, stretched by the
// reduction, weights in 22-bit fixed point, first along rows, rounded to 8 bits, then along columns (Pillow,
// src/libImaging/Resample.c). CLIP was trained on photographs reduced so; other libraries differ by some units of 255.
// A pass that keeps the size changes nothing. Only what the window asks for is computed, so a strip of 60,000 x 10 pixels
// needs no more memory than its window.
import type { RgbImage } from './images.ts';

const support = 2;
const precisionBits = 22;
const one = 2 ** precisionBits;

function keys(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** What the positions of a window are made of: each of `numTaps` source positions. */
interface Taps {
  /** The least source position of all, and beyond the greatest. */
  readonly begin: number;
  readonly end: number;
  /** The first of each output position, counted from `begin`. */
  readonly first: Int32Array;
  /** `numTaps` an output position, zero where fewer count. */
  readonly weights: Int32Array;
  readonly numTaps: number;
}

/** Taps of output positions start..start + length - 1 of a line of `from` pixels brought to `to`. */
function tapsOf(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const numTaps = Math.min(from, Math.ceil(2 * reach));
  const first = new Int32Array(length);
  const weights = new Int32Array(length * numTaps);
  const line = new Float64Array(numTaps);
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    first[i] = Math.min(begin, from - numTaps);
    let sum = 0;
    for (let x = begin; x < end; x++) sum += line[x - begin] = keys((x - center + 0.5) * (1 / stretch));
    for (let x = begin; x < end; x++) {
      const share = sum === 0 ? line[x - begin]! : line[x - begin]! / sum;
      // Rounded half away from zero, as Pillow's cast of +-0.5 does.
      weights[i * numTaps + x - first[i]!] = Math.sign(share) * Math.floor(Math.abs(share * one) + 0.5);
    }
  }
  const begin = first[0]!;
  const end = first[length - 1]! + numTaps;
  return { begin, end, first: first.map((position) => position - begin), weights, numTaps };
}

export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A picture with a border of one colour, which is never stored. */
export interface Padded extends Window {
  readonly color: readonly [number, number, number];
}

/** An image brought to `width` x `height`: Pillow's `image.resize((width, height), BICUBIC)`. */
export function resize(image: RgbImage, width: number, height: number): RgbImage {
  return resizeWindow(image, { width, height, window: { left: 0, top: 0, width, height } });
}

/**
 * The `window` of `image` (within its border, if any) brought to `width` x `height`: what Pillow's
 * `image.resize((width, height), BICUBIC).crop(window)` gives.
 */
export function resizeWindow(
  image: RgbImage,
  { width, height, window, border }: { width: number; height: number; window: Window; border?: Padded },
): RgbImage {
  const edge = border ?? { left: 0, top: 0, width: image.width, height: image.height, color: [0, 0, 0] as const };
  const columns = tapsOf(edge.width, width, window.left, window.width);
  const rows = tapsOf(edge.height, height, window.top, window.height);
  const numLines = rows.end - rows.begin;
  const paint = (bytes: Uint8ClampedArray): void => {
    if (border !== undefined) for (let i = 0; i < bytes.length; i++) bytes[i] = edge.color[i % 3]!;
  };
  const line = new Uint8ClampedArray(3 * edge.width);
  paint(line);
  // [window.width, numLines, 3]: what is along rows now lies down columns, so that both passes go along lines.
  const turned = new Uint8ClampedArray(3 * window.width * numLines);
  paint(turned);
  const lastRow = Math.min(rows.end, edge.top + image.height);
  for (let row = Math.max(rows.begin, edge.top); row < lastRow; row++) {
    const at = 3 * image.width * (row - edge.top);
    line.set(image.data.subarray(at, at + 3 * image.width), 3 * edge.left);
    resampleLine(line.subarray(3 * columns.begin), columns, turned, 3 * (row - rows.begin), 3 * numLines);
  }
  const result = new Uint8ClampedArray(3 * window.width * window.height);
  for (let column = 0; column < window.width; column++)
    resampleLine(turned.subarray(3 * numLines * column), rows, result, 3 * column, 3 * window.width);
  return { data: new Uint8Array(result.buffer), width: window.width, height: window.height };
}

const half = one / 2;

/** Writes what the taps make of a line of pixels to `target`, from byte `to` on, `stride` bytes apart. */
function resampleLine(
  line: Uint8ClampedArray,
  { first, weights, numTaps }: Taps,
  target: Uint8ClampedArray,
  to: number,
  stride: number,
): void {
  for (let i = 0, tap = 0; i < first.length; i++, to += stride) {
    let at = 3 * first[i]!;
    // Sums wrap around in 32 bits, as Pillow's do.
    let red = half;
    let green = half;
    let blue = half;
    for (const end = tap + numTaps; tap < end; tap++, at += 3) {
      const weight = weights[tap]!;
      red = (red + Math.imul(weight, line[at]!)) | 0;
      green = (green + Math.imul(weight, line[at + 1]!)) | 0;
      blue = (blue + Math.imul(weight, line[at + 2]!)) | 0;
    }
    target[to] = red >> precisionBits;
    target[to + 1] = green >> precisionBits;
    target[to + 2] = blue >> precisionBits;
  }
}

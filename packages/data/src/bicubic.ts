// Pillow's bicubic reduction of 8-bit RGB, bit for bit: the filter of Keys (1981) with a = -0.5, stretched by the
// reduction, weights in 22-bit fixed point, first along rows, rounded to 8 bits, then along columns (Pillow,
// src/libImaging/Resample.c). CLIP was trained on photographs reduced so; other libraries differ by some units of 255.
// Only what the window asks for is computed, so a strip of 60,000 x 10 pixels needs no more memory than its window.
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

/** For each output position of a window: the first source position and the weights from there on. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/** Weights of output positions start..start + length - 1 of a line of `from` pixels brought to `to`. */
function tapsOf(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const first = new Int32Array(length);
  const weights = Array.from({ length }, (_, i) => {
    const center = (start + i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    first[i] = begin;
    const line = Float64Array.from({ length: end - begin }, (_, x) => keys((x + begin - center + 0.5) * (1 / stretch)));
    const sum = line.reduce((a, b) => a + b, 0);
    // Rounded half away from zero, as Pillow's cast of +-0.5 does.
    return sum === 0 ? line : line.map((w) => Math.sign(w) * Math.floor(Math.abs((w / sum) * one) + 0.5));
  });
  return { first, weights };
}

/** Fixed point to 8 bits: an arithmetic shift after adding one half, clipped. */
const to8 = (sum: number): number => Math.min(255, Math.max(0, Math.floor((sum + one / 2) / one)));

export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A picture with a border of one colour, which is never stored. */
export interface Padded {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly color: readonly [number, number, number];
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
  const firstRow = rows.first[0]!;
  const lastRow = rows.first.at(-1)! + rows.weights.at(-1)!.length;
  const stride = window.width * 3;
  // Pillow leaves out a pass that changes nothing.
  const skipColumns = width === edge.width;
  const skipRows = height === edge.height;
  const lines = new Uint8Array((lastRow - firstRow) * stride);
  const source = new Float64Array(edge.width * 3);
  for (let x = 0; x < edge.width; x++) source.set(edge.color, 3 * x);
  const background = new Uint8Array(stride);
  for (let x = 0; x < window.width; x++) background.set(edge.color, 3 * x);
  for (let y = firstRow; y < lastRow; y++) {
    const into = lines.subarray((y - firstRow) * stride, (y - firstRow + 1) * stride);
    const inside = y - edge.top;
    if (inside < 0 || inside >= image.height) {
      into.set(background);
      continue;
    }
    source.set(image.data.subarray(inside * image.width * 3, (inside + 1) * image.width * 3), 3 * edge.left);
    if (skipColumns) into.set(source.subarray(3 * window.left, 3 * (window.left + window.width)));
    else reduceLine(source, columns, into);
  }
  if (skipRows) {
    const from = (window.top - firstRow) * stride;
    return { data: lines.slice(from, from + window.height * stride), width: window.width, height: window.height };
  }
  const data = new Uint8Array(window.height * stride);
  const sums = new Float64Array(stride);
  rows.weights.forEach((line, y) => {
    sums.fill(0);
    line.forEach((weight, i) => {
      const at = (rows.first[y]! - firstRow + i) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * lines[at + x]!;
    });
    for (let x = 0; x < stride; x++) data[y * stride + x] = to8(sums[x]!);
  });
  return { data, width: window.width, height: window.height };
}

function reduceLine(source: Float64Array, { first, weights }: Taps, into: Uint8Array): void {
  for (let x = 0; x < weights.length; x++) {
    const line = weights[x]!;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let i = 0, at = 3 * first[x]!; i < line.length; i++, at += 3) {
      const weight = line[i]!;
      red += weight * source[at]!;
      green += weight * source[at + 1]!;
      blue += weight * source[at + 2]!;
    }
    into[3 * x] = to8(red);
    into[3 * x + 1] = to8(green);
    into[3 * x + 2] = to8(blue);
  }
}

// Pillow's bicubic reduction of 8-bit RGB, bit for bit: the filter of Keys (1981) with a = -0.5, stretched by the
// reduction, weights in 22-bit fixed point, first along rows, rounded to 8 bits, then along columns (Pillow,
// src/libImaging/Resample.c). CLIP was trained on photographs reduced so; other libraries differ by some units of 255.
// Only what the window asks for is computed, so a strip of 60,000 x 10 pixels needs no more memory than its window.
import type { RgbImage } from './images.ts';
import { openWorkspace } from '../kernels/workspace.ts';

const support = 2;
const precisionBits = 22;
const one = 2 ** precisionBits;

function keys(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** For each output position of a window: the first source position, and the weights of a fixed number of positions from there. */
interface Taps {
  readonly first: Int32Array;
  /** As the kernels want them: per pair of weights both high halves, then both low ones (11 bits), 16 bits each. */
  readonly weights: Int16Array;
  readonly numPairs: number;
  /** Source positions from the least to beyond the last that weigh anything. */
  readonly range: readonly [number, number];
}

const lowBits = 11;

/** Weights of output positions start..start + length - 1 of a line of `from` pixels brought to `to`. */
function tapsOf(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const first = new Int32Array(length);
  const most = Math.min(from, Math.ceil(2 * reach));
  const numPairs = Math.ceil(most / 2);
  const weights = new Int16Array(length * numPairs * 4);
  const line = new Float64Array(most);
  let last = 0;
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    first[i] = begin;
    last = Math.max(last, end);
    let sum = 0;
    for (let x = begin; x < end; x++) sum += line[x - begin] = keys((x - center + 0.5) * (1 / stretch));
    for (let tap = 0; tap < end - begin; tap++) {
      const share = sum === 0 ? line[tap]! : line[tap]! / sum;
      // Rounded half away from zero, as Pillow's cast of +-0.5 does.
      const weight = Math.sign(share) * Math.floor(Math.abs(share * one) + 0.5);
      const at = 4 * (i * numPairs + (tap >> 1)) + (tap & 1);
      weights[at] = weight >> lowBits;
      weights[at + 2] = weight & ((1 << lowBits) - 1);
    }
  }
  return { first, weights, numPairs, range: [first[0]!, last] };
}

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

/** Rows are handed to the kernels so many bytes at a time. */
const bandBytes = 2 ** 20;

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
  // Pillow leaves out a pass that changes nothing.
  const skipColumns = width === edge.width;
  const skipRows = height === edge.height;
  const [firstRow, lastRow] = skipRows ? [window.top, window.top + window.height] : rows.range;
  const resultBytes = window.width * 3;
  // Rows write a byte more than they have.
  const stride = resultBytes + 1;
  const rowBytes = image.width * 3;
  const rowsPerBand = Math.max(2, Math.floor(bandBytes / rowBytes));
  const pairsBytes = (edge.width + 2 * columns.numPairs) * 16;
  const { kernels, at, bytes, ints } = openWorkspace({
    band: rowsPerBand * rowBytes,
    line: edge.width * 3,
    pairs: 2 * pairsBytes,
    first: columns.first.byteLength,
    columns: columns.weights.byteLength,
    rows: rows.weights.byteLength,
    // A last pair may reach beyond the last row, with weights of zero.
    lines: (lastRow - firstRow + 2 * rows.numPairs) * stride,
    result: window.height * resultBytes,
  });
  ints(at.first, columns.first.length).set(columns.first);
  bytes(at.columns, columns.weights.byteLength).set(new Uint8Array(columns.weights.buffer));
  bytes(at.rows, rows.weights.byteLength).set(new Uint8Array(rows.weights.buffer));
  const line = bytes(at.line, edge.width * 3);
  for (let x = 0; x < edge.width; x++) line.set(edge.color, 3 * x);

  const lines = bytes(at.lines, (lastRow - firstRow) * stride);
  const inside = { begin: Math.max(firstRow, edge.top), end: Math.min(lastRow, edge.top + image.height) };
  for (let y = inside.begin; y < inside.end; y += rowsPerBand) {
    const numRows = Math.min(rowsPerBand, inside.end - y);
    const from = (y - edge.top) * rowBytes;
    const band = image.data.subarray(from, from + numRows * rowBytes);
    if (skipColumns) {
      for (let row = 0; row < numRows; row++) {
        line.set(band.subarray(row * rowBytes, (row + 1) * rowBytes), 3 * edge.left);
        const start = 3 * window.left;
        lines.set(line.subarray(start, start + resultBytes), (y - firstRow + row) * stride);
      }
      continue;
    }
    bytes(at.band, band.length).set(band);
    kernels.resampleRows(
      ...([at.band, rowBytes, numRows, at.line, 3 * edge.left, edge.width, at.pairs, pairsBytes] as const),
      ...([at.first, at.columns, columns.numPairs] as const),
      ...([at.lines + (y - firstRow) * stride, stride, window.width] as const),
    );
  }
  const background = Uint8Array.from({ length: resultBytes }, (_, i) => edge.color[i % 3]!);
  for (let y = firstRow; y < lastRow; y++)
    if (y < inside.begin || y >= inside.end) lines.set(background, (y - firstRow) * stride);

  const result = bytes(at.result, window.height * resultBytes);
  for (let y = 0; y < window.height; y++) {
    const to = y * resultBytes;
    if (skipRows) result.set(lines.subarray(y * stride, y * stride + resultBytes), to);
    else
      kernels.resampleColumns(
        ...([at.lines + (rows.first[y]! - firstRow) * stride, stride, resultBytes] as const),
        ...([at.rows + y * rows.numPairs * 8, rows.numPairs, at.result + to] as const),
      );
  }
  return { data: result.slice(), width: window.width, height: window.height };
}

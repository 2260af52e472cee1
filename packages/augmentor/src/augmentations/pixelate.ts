// Group `quality`: pixelation.
import type { RgbImage } from '@calm-orch/datasets';

const weightBits = 22;
const one = 1 << weightBits;

/** First source pixel of each of `to` cells over `from` pixels, and `from` at the end. */
function cellsOf(from: number, to: number): Int32Array {
  const cells = new Int32Array(to + 1);
  for (let i = 0; i < to; i++) cells[i] = Math.trunc((i * from) / to + 0.5);
  cells[to] = from;
  return cells;
}

/** The cell each of `to` pixels takes its colour from; positions are added up as Pillow adds them, ties fall as there. */
function nearestOf(to: number, cells: number): Int32Array {
  const step = cells / to;
  const nearest = new Int32Array(to);
  for (let i = 0, position = step / 2; i < to; i++, position += step)
    nearest[i] = Math.min(cells - 1, Math.floor(position));
  return nearest;
}

/**
 * Keeps the share `keeps` of each side and enlarges again: means of cells, then the nearest cell's colour. The bits are
 * those of Pillow's `resize` with BOX and back with NEAREST: rows first, rounded to 8 bits, weights of 22 bits.
 */
export function pixelate({ data, width, height }: RgbImage, keeps: number): RgbImage {
  const columns = Math.max(1, Math.trunc(width * keeps));
  const rows = Math.max(1, Math.trunc(height * keeps));
  const xs = cellsOf(width, columns);
  const ys = cellsOf(height, rows);
  const nearestColumn = nearestOf(width, columns);
  const nearestRow = nearestOf(height, rows);
  const stride = 3 * width;
  const sums = new Uint32Array(3 * columns);
  const cells = new Uint8ClampedArray(3 * columns);
  const result = new Uint8Array(data.length);
  let nextRow = 0;
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [ys[row]!, ys[row + 1]!];
    sums.fill(0);
    for (let y = begin; y < end; y++) addCellMeans(data, y * stride, xs, sums);
    const weight = weightOf(end - begin);
    for (let i = 0; i < cells.length; i++) cells[i] = weighted(sums[i]!, weight);
    const first = nextRow * stride;
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++)
        result[first + 3 * x + channel] = cells[3 * nearestColumn[x]! + channel]!;
    for (nextRow++; nextRow < height && nearestRow[nextRow] === row; nextRow++)
      result.copyWithin(nextRow * stride, first, first + stride);
  }
  return { data: result, width, height };
}

/** What each of `n` counts for in their mean. */
const weightOf = (n: number): number => Math.floor(one / n + 0.5);

const weighted = (sum: number, weight: number): number => (Math.imul(sum, weight) + one / 2) >>> weightBits;

/** Adds to each cell's three sums the mean colour of its piece of the row of pixels that begins at `at`. */
function addCellMeans(data: Uint8Array, at: number, xs: Int32Array, sums: Uint32Array): void {
  for (let column = 0; column + 1 < xs.length; column++) {
    const numPixels = xs[column + 1]! - xs[column]!;
    const weight = weightOf(numPixels);
    let [red, green, blue] = [0, 0, 0];
    for (const end = at + 3 * numPixels; at < end; at += 3) {
      red += data[at]!;
      green += data[at + 1]!;
      blue += data[at + 2]!;
    }
    sums[3 * column]! += weighted(red, weight);
    sums[3 * column + 1]! += weighted(green, weight);
    sums[3 * column + 2]! += weighted(blue, weight);
  }
}

// Group `quality`: compression and pixelation.
import { pipelineOf, sharp, type RgbImage } from '@calm-orch/data';
import { run } from './pixels.ts';

/** Encodes as JPEG of `quality` (chroma halved) and decodes again. */
export async function compress(image: RgbImage, quality: number): Promise<RgbImage> {
  // Searching for the shortest codes would cost time and change no pixel.
  return run(sharp(await pipelineOf(image).jpeg({ quality, optimiseCoding: false }).toBuffer()));
}

const weightBits = 22;

/** First source pixel of each of `to` cells over `from` pixels, and `from` at the end. */
function cellsOf(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to + 1 }, (_, i) => (i === to ? from : Math.trunc((i * from) / to + 0.5)));
}

/** The cell each of `to` pixels takes its colour from; positions are added up as Pillow adds them, ties fall as there. */
function nearestOf(to: number, cells: number): Int32Array {
  const step = cells / to;
  let position = step / 2;
  return Int32Array.from({ length: to }, () => {
    const cell = Math.min(cells - 1, Math.floor(position));
    position += step;
    return cell;
  });
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
  const weights = Int32Array.from({ length: Math.max(...spans(xs), ...spans(ys)) + 1 }, (_, n) =>
    n === 0 ? 0 : Math.floor(2 ** weightBits / n + 0.5),
  );
  const half = 1 << (weightBits - 1);
  const nearestColumn = nearestOf(width, columns);
  const nearestRow = nearestOf(height, rows);
  const result = new Uint8Array(data.length);
  const stride = 3 * width;
  const sums = new Int32Array(3 * columns);
  const cells = new Uint8Array(3 * columns);
  let nextRow = 0;
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [ys[row]!, ys[row + 1]!];
    sums.fill(0);
    for (let y = begin; y < end; y++) {
      let at = y * stride;
      for (let column = 0, cell = 0; column < columns; column++, cell += 3) {
        const n = xs[column + 1]! - xs[column]!;
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let i = 0; i < n; i++, at += 3) {
          red += data[at]!;
          green += data[at + 1]!;
          blue += data[at + 2]!;
        }
        const weight = weights[n]!;
        sums[cell]! += (red * weight + half) >> weightBits;
        sums[cell + 1]! += (green * weight + half) >> weightBits;
        sums[cell + 2]! += (blue * weight + half) >> weightBits;
      }
    }
    const weight = weights[end - begin]!;
    for (let i = 0; i < cells.length; i++) cells[i] = (sums[i]! * weight + half) >> weightBits;
    const first = nextRow * stride;
    for (let x = 0, at = first; x < width; x++, at += 3) {
      const cell = 3 * nearestColumn[x]!;
      result[at] = cells[cell]!;
      result[at + 1] = cells[cell + 1]!;
      result[at + 2] = cells[cell + 2]!;
    }
    for (nextRow++; nextRow < height && nearestRow[nextRow] === row; nextRow++) {
      result.copyWithin(nextRow * stride, first, first + stride);
    }
  }
  return { data: result, width, height };
}

function spans(bounds: Int32Array): number[] {
  return Array.from(bounds.subarray(1), (bound, i) => bound - bounds[i]!);
}

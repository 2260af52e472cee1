// Group `quality`: pixelation.
import { openWorkspace, type RgbImage } from '@calm-orch/data';

const weightBits = 22;

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
  const weights = Int32Array.from({ length: Math.max(...spans(xs), ...spans(ys)) + 1 }, (_, n) =>
    n === 0 ? 0 : Math.floor(2 ** weightBits / n + 0.5),
  );
  const nearestColumn = nearestOf(width, columns);
  const nearestRow = nearestOf(height, rows);
  const stride = 3 * width;
  const { kernels, at, bytes, ints } = openWorkspace({
    ...{ pixels: data.length, result: data.length, xs: xs.byteLength, weights: weights.byteLength },
    ...{ nearest: nearestColumn.byteLength, sums: 16 * columns, cells: 4 * columns },
  });
  bytes(at.pixels, data.length).set(data);
  ints(at.xs, xs.length).set(xs);
  ints(at.weights, weights.length).set(weights);
  ints(at.nearest, nearestColumn.length).set(nearestColumn);
  const result = bytes(at.result, data.length);
  let nextRow = 0;
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [ys[row]!, ys[row + 1]!];
    kernels.cellMeans(at.pixels, stride, begin, end, columns, at.xs, at.weights, at.sums, at.cells);
    const first = nextRow * stride;
    kernels.spreadCells(at.cells, at.nearest, width, at.result + first);
    for (nextRow++; nextRow < height && nearestRow[nextRow] === row; nextRow++) {
      result.copyWithin(nextRow * stride, first, first + stride);
    }
  }
  return { data: result.slice(), width, height };
}

function spans(bounds: Int32Array): number[] {
  return Array.from(bounds.subarray(1), (bound, i) => bound - bounds[i]!);
}

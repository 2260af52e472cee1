// Group `quality`: blur of a lens out of focus, and of a moving camera. Edges are continued by their last pixel.
import { pipelineOf, type RgbImage } from '@calm-orch/datasets';
import { run } from './pixels.ts';

/**
 * Convolves with a disk of `radius` pixels; means are rounded down. A radius between whole numbers gives what lies between
 * their results, in proportion.
 */
export function defocus(image: RgbImage, radius: number): RgbImage {
  const whole = Math.floor(radius);
  const share = radius - whole;
  const inner = whole === 0 ? image : disk(image, whole);
  if (share === 0) return inner;
  const outer = disk(image, whole + 1).data;
  return { ...image, data: inner.data.map((value, i) => Math.round(value + share * (outer[i]! - value))) };
}

function disk({ data: source, width, height }: RgbImage, radius: number): RgbImage {
  /** Pixels of the disk to either side of its centre, by rows from the centre. */
  const reaches = Array.from({ length: radius + 1 }, (_, dy) => Math.floor(Math.sqrt(radius * radius - dy * dy)));
  const numPixels = reaches.reduce((sum, reach, dy) => sum + (dy === 0 ? 1 : 2) * (2 * reach + 1), 0);
  const before = sumsBefore({ data: source, width, height }, radius);
  const rowLength = before.length / height;
  const rowBytes = 3 * width;
  const data = new Uint8Array(source.length);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let dy = -radius; dy <= radius; dy++) {
      const reach = reaches[Math.abs(dy)]!;
      const row = rowLength * Math.min(height - 1, Math.max(0, y + dy));
      const [begin, end] = [row + 3 * (radius - reach), row + 3 * (radius + reach + 1)];
      for (let i = 0; i < rowBytes; i++) sums[i]! += before[end + i]! - before[begin + i]!;
    }
    for (let i = 0; i < rowBytes; i++) data[y * rowBytes + i] = sums[i]! / numPixels;
  }
  return { data, width, height };
}

/** [height, width + 2 * radius + 1, 3]: sums of what stands before each pixel of a row continued by `radius` on either side. */
function sumsBefore({ data, width, height }: RgbImage, radius: number): Int32Array {
  const length = width + 2 * radius + 1;
  const sums = new Int32Array(3 * length * height);
  for (let y = 0; y < height; y++)
    for (let x = 1; x < length; x++) {
      const to = 3 * (y * length + x);
      const from = 3 * (y * width + Math.min(width - 1, Math.max(0, x - 1 - radius)));
      sums[to] = sums[to - 3]! + data[from]!;
      sums[to + 1] = sums[to - 2]! + data[from + 1]!;
      sums[to + 2] = sums[to - 1]! + data[from + 2]!;
    }
  return sums;
}

/**
 * Smears along a line at `degrees` from the horizontal: a Gaussian of deviation `sigma` of which only one side is used,
 * cut after 2 `radius` pixels (ImageMagick's motion blur). Pixels may be fractions.
 */
export async function motionBlur(image: RgbImage, radius: number, sigma: number, degrees: number): Promise<RgbImage> {
  const reach = Math.max(1, Math.round(2 * radius));
  const side = 2 * reach + 1;
  const kernel = new Array<number>(side * side).fill(0);
  const angle = (degrees * Math.PI) / 180;
  for (let along = 0; along <= reach; along++) {
    const x = reach + Math.ceil(along * Math.cos(angle) - 0.5);
    const y = reach + Math.ceil(along * Math.sin(angle) - 0.5);
    kernel[y * side + x]! += Math.exp(-(along * along) / (2 * sigma * sigma));
  }
  return run(pipelineOf(image).convolve({ width: side, height: side, kernel }));
}

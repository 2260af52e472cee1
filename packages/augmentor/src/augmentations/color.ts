// Group `color`: brightness and saturation in HSV, contrast about the mean. Hue never changes.
import { openWorkspace, type Kernels, type RgbImage } from '@calm-orch/data';
import { toByte } from './pixels.ts';

/** A copy of the photograph that `change` was run over. */
function changed(image: RgbImage, change: (kernels: Kernels, pixels: number, numPixels: number) => void): RgbImage {
  const { length } = image.data;
  const { kernels, at, bytes } = openWorkspace({ pixels: length });
  bytes(at.pixels, length).set(image.data);
  change(kernels, at.pixels, length / 3);
  return { ...image, data: bytes(at.pixels, length).slice() };
}

/** Adds `shift` (of the full range) to V of HSV, hue and saturation kept; black becomes grey. */
export function shiftValue(image: RgbImage, shift: number): RgbImage {
  return changed(image, (kernels, pixels, numPixels) => {
    kernels.shiftValue(pixels, numPixels, 255 * shift, toByte(255 * shift));
  });
}

/** Makes S of HSV `factor` * S + `offset`, hue and value kept; grey has no hue to show more of, so it stays grey. */
export function scaleSaturation(image: RgbImage, factor: number, offset = 0): RgbImage {
  return changed(image, (kernels, pixels, numPixels) => {
    kernels.scaleSaturation(pixels, numPixels, factor, offset);
  });
}

const fixedOne = 65536;

/** Multiplies the distance of each channel from its mean over the photograph. */
export function scaleContrast(image: RgbImage, factor: number): RgbImage {
  const [red, green, blue] = meanColor(image).map((mean) => Math.round(fixedOne * (mean * (1 - factor) + 0.5)));
  return changed(image, (kernels, pixels, numPixels) => {
    kernels.linear(pixels, numPixels, Math.round(fixedOne * factor), red!, green!, blue!);
  });
}

/** So many bytes at a time their sums fit in 32 bits. */
const bandBytes = 3 * 2 ** 23;

/** Mean of each channel, 0..255. */
export function meanColor({ data }: RgbImage): [number, number, number] {
  const total: [number, number, number] = [0, 0, 0];
  const { kernels, at, bytes, ints } = openWorkspace({ pixels: Math.min(data.length, bandBytes), sums: 12 });
  for (let start = 0; start < data.length; start += bandBytes) {
    const band = data.subarray(start, start + bandBytes);
    bytes(at.pixels, band.length).set(band);
    kernels.sumChannels(at.pixels, band.length / 3, at.sums);
    ints(at.sums, 3).forEach((sum, channel) => (total[channel]! += sum >>> 0));
  }
  const numPixels = data.length / 3;
  return [total[0] / numPixels, total[1] / numPixels, total[2] / numPixels];
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

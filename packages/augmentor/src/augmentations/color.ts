// Group `color`: brightness and saturation in HSV, contrast about the mean. Hue never changes.
import { openWorkspace, type RgbImage, type Workspace } from '@calm-orch/data';
import { toByte } from './pixels.ts';

/** A copy of the photograph that `change` was run over; `sums` is room for three numbers. */
function changed(
  image: RgbImage,
  change: (workspace: Workspace<'pixels' | 'sums'>, numPixels: number) => void,
): RgbImage {
  const { length } = image.data;
  const workspace = openWorkspace({ pixels: length, sums: 12 });
  const { at, bytes } = workspace;
  bytes(at.pixels, length).set(image.data);
  change(workspace, length / 3);
  return { ...image, data: bytes(at.pixels, length).slice() };
}

/** Adds `shift` (of the full range) to V of HSV, hue and saturation kept; black becomes grey. */
export function shiftValue(image: RgbImage, shift: number): RgbImage {
  return changed(image, ({ kernels, at }, numPixels) => {
    kernels.shiftValue(at.pixels, numPixels, 255 * shift, toByte(255 * shift));
  });
}

/** Makes S of HSV `factor` * S + `offset`, hue and value kept; grey has no hue to show more of, so it stays grey. */
export function scaleSaturation(image: RgbImage, factor: number, offset = 0): RgbImage {
  return changed(image, ({ kernels, at }, numPixels) => {
    kernels.scaleSaturation(at.pixels, numPixels, factor, offset);
  });
}

const fixedOne = 65536;

/** Multiplies the distance of each channel from its mean over the photograph. */
export function scaleContrast(image: RgbImage, factor: number): RgbImage {
  return changed(image, ({ kernels, at, ints }, numPixels) => {
    kernels.sumChannels(at.pixels, numPixels, at.sums);
    const [red, green, blue] = Array.from(ints(at.sums, 3), (sum) =>
      Math.round(fixedOne * (((sum >>> 0) / numPixels) * (1 - factor) + 0.5)),
    );
    kernels.linear(at.pixels, numPixels, Math.round(fixedOne * factor), red!, green!, blue!);
  });
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

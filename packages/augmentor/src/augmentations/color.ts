// Group `color`: brightness, saturation, contrast.
import type { RgbImage } from '@calm-orch/data';
import { pipelineOf, run } from './pixels.ts';

/** Multiplies lightness. */
export async function brighten(image: RgbImage, factor: number): Promise<RgbImage> {
  return run(pipelineOf(image).modulate({ brightness: factor }));
}

/** Multiplies chroma. */
export async function saturate(image: RgbImage, factor: number): Promise<RgbImage> {
  return run(pipelineOf(image).modulate({ saturation: factor }));
}

/** Multiplies the distance from the mean of the photograph. */
export async function scaleContrast(image: RgbImage, factor: number): Promise<RgbImage> {
  const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
  return run(pipelineOf(image).linear(factor, mean * (1 - factor)));
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

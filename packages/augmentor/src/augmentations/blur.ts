// Group `quality`: blur of a lens out of focus, and of a moving camera. Edges are continued by their last pixel.
import { pipelineOf, type RgbImage } from '@calm-orch/data';
import { run } from './pixels.ts';

/** Convolves with a disk of `radius` pixels. */
export async function defocus(image: RgbImage, radius: number): Promise<RgbImage> {
  const side = 2 * radius + 1;
  const kernel = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - radius, Math.floor(i / side) - radius];
    return x * x + y * y <= radius * radius ? 1 : 0;
  });
  return run(pipelineOf(image).convolve({ width: side, height: side, kernel }));
}

/**
 * Smears along a line at `degrees` from the horizontal: a Gaussian of deviation `sigma` of which only one side is used,
 * cut after 2 `radius` pixels (ImageMagick's motion blur).
 */
export async function motionBlur(image: RgbImage, radius: number, sigma: number, degrees: number): Promise<RgbImage> {
  const reach = 2 * radius;
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

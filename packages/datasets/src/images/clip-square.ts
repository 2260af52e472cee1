// A photograph as CLIP's image processor hands it to the ViT: the shorter side brought to `side` and the centre square
// cut out (openai/CLIP, transformers' CLIPImageProcessor), or first laid on a square of CLIP's mean colour (LLaVA-1.5,
// `image_aspect_ratio: pad`), so that nothing is cut off.
import { resizeWindow } from './bicubic.ts';
import { clipMean, type RgbImage } from './images.ts';

export type Fit = 'crop' | 'pad';

/** LLaVA's `int(mean * 255)`. */
const meanColor = clipMean.map((mean) => Math.trunc(mean * 255)) as unknown as readonly [number, number, number];

/** Where the square lies in the photograph, in parts of its width and height; with `pad` it reaches beyond. */
export interface SeenSquare {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function seenSquare({ width, height }: Pick<RgbImage, 'width' | 'height'>, fit: Fit = 'crop'): SeenSquare {
  const side = fit === 'pad' ? Math.max(width, height) : Math.min(width, height);
  const [across, down] = [side / width, side / height];
  return { left: (1 - across) / 2, top: (1 - down) / 2, width: across, height: down };
}

/** [side, side] of an image; an image of that size is returned as it is. */
export function clipSquare(image: RgbImage, side: number, fit: Fit = 'crop'): RgbImage {
  if (image.width === side && image.height === side) return image;
  if (fit === 'pad') {
    const size = Math.max(image.width, image.height);
    const border = {
      left: Math.floor((size - image.width) / 2),
      top: Math.floor((size - image.height) / 2),
      width: size,
      height: size,
      color: meanColor,
    };
    const window = { left: 0, top: 0, width: side, height: side };
    return resizeWindow(image, { width: side, height: side, window, border });
  }
  const short = Math.min(image.width, image.height);
  const scaled = (length: number): number => (length === short ? side : Math.trunc((side * length) / short));
  const [width, height] = [scaled(image.width), scaled(image.height)];
  const window = {
    left: Math.floor((width - side) / 2),
    top: Math.floor((height - side) / 2),
    width: side,
    height: side,
  };
  return resizeWindow(image, { width, height, window });
}

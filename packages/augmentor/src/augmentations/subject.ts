// Group `subject`: the foreground is blurred, hidden, or cut by the edge of the frame.
import { resize, type Box, type RgbImage } from '@calm-orch/datasets';
import { defocus } from './blur.ts';
import { meanColor } from './color.ts';
import type { Foreground } from './foreground.ts';
import { cut, type Region } from './pixels.ts';

/** Puts the foreground alone out of focus: a disk of `radius` pixels. */
export function blurForeground(image: RgbImage, foreground: Foreground, radius: number): RgbImage {
  const region = regionOf(image, foreground.box);
  const left = Math.max(0, region.left - radius);
  const top = Math.max(0, region.top - radius);
  const width = Math.min(image.width, region.left + region.width + radius) - left;
  const height = Math.min(image.height, region.top + region.height + radius) - top;
  const blurred = defocus(cut(image, { left, top, width, height }), radius);
  return blend(image, foreground, (x, y, channel) => blurred.data[3 * ((y - top) * width + x - left) + channel]!);
}

/** Covers the foreground with the photograph's mean colour. */
export function maskForeground(image: RgbImage, foreground: Foreground): RgbImage {
  const color = meanColor(image).map(Math.round);
  return blend(image, foreground, (_x, _y, channel) => color[channel]!);
}

export interface Crop {
  /** Share of each side that is kept, at most. */
  readonly keeps: number;
  /** Which edge of the new frame cuts the subject: 0 left, 1 top, 2 right, 3 bottom. */
  readonly edge: number;
  /** Where in the subject's extent that edge lies, 0..1. */
  readonly cutsAt: number;
  /** Position of the frame along the edge, 0..1 of what keeps the subject's centre inside. */
  readonly along: number;
}

/** Cuts a frame one edge of which goes through the subject, and enlarges it to the old size. */
export function cropThroughSubject(image: RgbImage, box: Box, crop: Crop): RgbImage {
  const { width, height } = image;
  return resize(cut(image, regionOf(image, cropFrame(box, crop))), width, height);
}

/** The frame of a crop in units of the sides; inside the photograph, whatever the subject's place. */
export function cropFrame(box: Box, { keeps, edge, cutsAt, along }: Crop): Box {
  const horizontal = edge % 2 === 0;
  const [start, extent] = horizontal ? [box.x, box.width] : [box.y, box.height];
  const cut = start + cutsAt * extent;
  // A subject near the middle leaves no room for a large frame on either side of the cut: then the frame is smaller.
  const size = Math.min(keeps, Math.max(cut, 1 - cut));
  const fitsAfterCut = cut + size <= 1;
  const fitsBeforeCut = cut - size >= 0;
  const beginsAtCut = edge < 2 ? fitsAfterCut : !fitsBeforeCut;
  const across = beginsAtCut ? Math.min(cut, 1 - size) : Math.max(0, cut - size);
  const centre = horizontal ? box.y + box.height / 2 : box.x + box.width / 2;
  const low = Math.max(0, centre - size);
  const high = Math.min(1 - size, centre);
  const other = low + along * Math.max(0, high - low);
  return { x: horizontal ? across : other, y: horizontal ? other : across, width: size, height: size };
}

function regionOf({ width, height }: RgbImage, box: Box): Region {
  const left = Math.min(width - 1, Math.max(0, Math.round(box.x * width)));
  const top = Math.min(height - 1, Math.max(0, Math.round(box.y * height)));
  return {
    left,
    top,
    width: Math.min(width - left, Math.max(1, Math.round(box.width * width))),
    height: Math.min(height - top, Math.max(1, Math.round(box.height * height))),
  };
}

/** The other pixels in place of the foreground's, as far as its mask says; within its box. */
function blend(
  image: RgbImage,
  { box, mask }: Foreground,
  other: (x: number, y: number, channel: number) => number,
): RgbImage {
  const data = Uint8Array.from(image.data);
  const { left, top, width, height } = regionOf(image, box);
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const pixel = y * image.width + x;
      const share = mask === null ? 255 : mask[pixel]!;
      if (share === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * pixel + channel;
        data[at] = Math.round((data[at]! * (255 - share) + other(x, y, channel) * share) / 255);
      }
    }
  }
  return { ...image, data };
}

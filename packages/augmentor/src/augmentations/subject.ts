// Group `subject`: the foreground is blurred, hidden, or cut by the edge of the frame.
import type { Box, RgbImage } from '@calm-orch/datasets';
import { defocus } from './blur.ts';
import { meanColor } from './color.ts';
import type { Foreground } from './foreground.ts';
import { cut, regionOf, type Region } from './pixels.ts';

/** Puts the foreground alone out of focus: a disk of `radius` pixels. */
export function blurForeground(image: RgbImage, foreground: Foreground, radius: number): RgbImage {
  const region = regionOf(image, foreground.box);
  const reach = Math.ceil(radius);
  const left = Math.max(0, region.left - reach);
  const top = Math.max(0, region.top - reach);
  const width = Math.min(image.width, region.left + region.width + reach) - left;
  const height = Math.min(image.height, region.top + region.height + reach) - top;
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

/** What of the foreground is in a frame, `region` in pixels of a photograph of `imageWidth` columns. */
export function foregroundWithin(
  { source, box, mask }: Foreground,
  frame: Box,
  region: Region,
  imageWidth: number,
): Foreground {
  const [x, width] = overlap(box.x, box.width, frame.x, frame.width);
  const [y, height] = overlap(box.y, box.height, frame.y, frame.height);
  const rows = mask && Array.from({ length: region.height }, (_, y) => (region.top + y) * imageWidth + region.left);
  const within = mask && Uint8Array.from(rows!.flatMap((at) => [...mask.subarray(at, at + region.width)]));
  return { source, box: { x, y, width, height }, mask: within };
}

/** What of an extent lies in a frame's extent, in units of the frame's. */
function overlap(start: number, size: number, from: number, extent: number): [start: number, size: number] {
  const [first, end] = [Math.max(start, from), Math.min(start + size, from + extent)];
  return [(first - from) / extent, Math.max(0, end - first) / extent];
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

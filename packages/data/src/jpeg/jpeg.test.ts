import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rng } from '@calm-orch/core';
import { describe, expect, it } from 'vitest';
import { carriedPhotosDir } from '../photos/carried.ts';
import { trainingPhotos } from '../photos/photo-list.ts';
import type { RgbImage } from '../images/images.ts';
import { sharp } from '../images/sharp.ts';
import { decodeJpeg } from './decode.ts';
import { readJpegHeader } from './header.ts';

/** Smooth colours with noisy stripes, so that blocks with and without detail occur. */
async function picture(width: number, height: number): Promise<Buffer> {
  const random = rng('jpeg', width, height);
  const data = Buffer.from(
    Array.from({ length: 3 * width * height }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      const y = Math.floor(i / 3 / width);
      return 128 + 100 * Math.sin((x + 2 * y + 40 * (i % 3)) / 9) + (x % 50 < 20 ? random.int(40) - 20 : 0);
    }),
  );
  return sharp(data, { raw: { width, height, channels: 3 } }).toBuffer();
}

function ours(file: Buffer): RgbImage | null {
  const header = readJpegHeader(file);
  return header === null ? null : decodeJpeg(file, header);
}

const sharps = (file: Buffer): Promise<Buffer> => sharp(file, { failOn: 'truncated' }).raw().toBuffer();

async function encoded(width: number, height: number, options: Parameters<ReturnType<typeof sharp>['jpeg']>[0]) {
  const pixels = await picture(width, height);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();
}

describe('decodeJpeg', () => {
  it.each(trainingPhotos.map(({ name }) => name))("gives libjpeg's pixels: %s", async (name) => {
    const file = readFileSync(join(carriedPhotosDir, `${name}.jpg`));
    const image = ours(file)!;
    expect(Buffer.compare(image.data, await sharps(file))).toBe(0);
  });

  it.each([
    [64, 48, { quality: 90, chromaSubsampling: '4:2:0' }],
    [65, 47, { quality: 100, chromaSubsampling: '4:2:0' }],
    [5, 90, { quality: 20, chromaSubsampling: '4:2:0' }],
    [33, 17, { quality: 75, chromaSubsampling: '4:4:4' }],
    [160, 10, { quality: 5, chromaSubsampling: '4:4:4' }],
    [71, 71, { quality: 95, optimiseCoding: false, chromaSubsampling: '4:4:4' }],
    [70, 52, { quality: 60, optimiseCoding: false, chromaSubsampling: '4:2:0' }],
  ])("gives libjpeg's pixels: %i x %i, %o", async (width, height, options) => {
    const file = await encoded(width, height, options);
    const image = ours(file)!;
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.compare(image.data, await sharps(file))).toBe(0);
  });

  it('follows restart markers', async () => {
    const file = readFileSync(new URL('../../fixtures/jpeg/restart.jpg', import.meta.url));
    expect(readJpegHeader(file)).toMatchObject({ width: 70, height: 37, restart: 1 });
    expect(Buffer.compare(ours(file)!.data, await sharps(file))).toBe(0);
    // The second marker's number is wrong.
    const second = file.indexOf(Buffer.of(0xff, 0xd1));
    file[second + 1] = 0xd5;
    expect(ours(file)).toBeNull();
  });

  it('leaves to others what is no baseline file of upright sRGB pixels', async () => {
    const pixels = sharp(await picture(40, 30), { raw: { width: 40, height: 30, channels: 3 } });
    const jpeg = (image: typeof pixels, options = {}): Promise<Buffer> => image.jpeg(options).toBuffer();
    const others = {
      progressive: await jpeg(pixels.clone(), { progressive: true }),
      grey: await jpeg(pixels.clone().toColourspace('b-w')),
      cmyk: await jpeg(pixels.clone().toColourspace('cmyk')),
      turned: await jpeg(pixels.clone().withMetadata({ orientation: 6 })),
      profile: await jpeg(pixels.clone().withIccProfile('p3')),
      png: await pixels.clone().png().toBuffer(),
      empty: Buffer.alloc(0),
    };
    for (const [name, file] of Object.entries(others)) expect([name, ours(file)]).toEqual([name, null]);
    const upright = await jpeg(pixels.clone().withExif({ IFD0: { Copyright: 'nobody' } }));
    expect(ours(upright)).not.toBeNull();
  });

  it("takes no damaged file, unless its pixels are libjpeg's all the same", async () => {
    const files = [await encoded(120, 90, { quality: 80 }), await encoded(50, 50, { chromaSubsampling: '4:4:4' })];
    let refused = 0;
    let taken = 0;
    for (let round = 0; round < 400; round++) {
      const random = rng('damaged', round);
      const file = Buffer.from(files[round % 2]!);
      if (round % 5 === 0) {
        expect(ours(file.subarray(0, random.int(file.length)))).toBeNull();
        continue;
      }
      file[random.int(file.length)] = random.int(256);
      const image = ours(file);
      if (image === null) {
        refused++;
        continue;
      }
      taken++;
      expect(Buffer.compare(image.data, await sharps(file))).toBe(0);
    }
    expect(refused).toBeGreaterThan(50);
    expect(taken).toBeGreaterThan(50);
  }, 60_000);
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { seenSquare } from '../images/clip-square.ts';
import { loadImage } from '../images/images.ts';
import { sharp } from '../images/sharp.ts';
import { decodeUpload } from './upload.ts';

const photo = fileURLToPath(new URL('../../../../assets/photos/aitzgorri.jpg', import.meta.url));

it('gives the pixels that the same file gives, turned as its camera was', async () => {
  const [sent, read] = [await decodeUpload(readFileSync(photo)), await loadImage(photo)];
  expect([sent.width, sent.height, Buffer.compare(sent.data, read.data)]).toEqual([read.width, read.height, 0]);
  const turned = await sharp(photo).resize(60, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(await decodeUpload(turned)).toMatchObject({ width: 40, height: 60 });
});

const made = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#336699' } });

/** A small JPEG that says it has so many pixels. */
async function boasting(width: number, height: number): Promise<Buffer> {
  const bytes = await made(16, 16).jpeg().toBuffer();
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

it.each([
  [10_000, 10_000],
  [65_000, 1_600],
  [60_000, 60_000],
])('%d x %d pixels are refused by what the header says', async (width, height) => {
  await expect(boasting(width, height).then(decodeUpload)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(`fewer than 100 megapixels, got ${width}x${height}`),
    data: { reason: 'size' },
  });
});

it.each([
  ['nothing', () => Buffer.alloc(0), 'it is empty'],
  ['text', () => Buffer.from('no photograph'), 'none of JPEG, PNG'],
  ['half a photograph', () => readFileSync(photo).subarray(0, 50_000), 'damaged or cut short'],
  ['a speck', () => made(9, 900).png().toBuffer(), 'at least 10x10 pixels, got 9x900'],
])('%s is no photograph', async (_, make, why) => {
  await expect(decodeUpload(await make())).rejects.toMatchObject({
    message: expect.stringContaining(why),
    data: { reason: 'format' },
  });
});

it('the square that is seen lies in the middle, or around the photograph', () => {
  expect(seenSquare({ width: 200, height: 100 })).toEqual({ left: 0.25, top: 0, width: 0.5, height: 1 });
  expect(seenSquare({ width: 100, height: 400 })).toEqual({ left: 0, top: 0.375, width: 1, height: 0.25 });
  expect(seenSquare({ width: 200, height: 100 }, 'pad')).toEqual({ left: 0, top: -0.5, width: 1, height: 2 });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitSquare, loadImage, toPixels } from './images.ts';
import { sharp } from './sharp.ts';
import { useTestFolders } from '../test-folder.test-util.ts';

const freshFolder = useTestFolders();

/** PNG's check sum. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const gradient = (width: number, height: number, channels: 1 | 3) =>
  sharp(Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256)), {
    raw: { width, height, channels },
  });

describe('loadImage', () => {
  it('converts grayscale and CMYK to RGB and lays transparency on white', async () => {
    const dir = freshFolder();
    await gradient(40, 20, 1).jpeg().toFile(join(dir, 'gray.jpg'));
    await gradient(40, 20, 3).toColourspace('cmyk').jpeg().toFile(join(dir, 'cmyk.jpg'));
    await sharp({ create: { width: 40, height: 20, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toFile(join(dir, 'clear.png'));
    for (const name of ['gray.jpg', 'cmyk.jpg', 'clear.png']) {
      const { data, width, height } = await loadImage(join(dir, name));
      expect([width, height, data.length]).toEqual([40, 20, 40 * 20 * 3]);
      if (name === 'clear.png') expect(data.every((value) => value === 255)).toBe(true);
    }
  });

  it('applies the EXIF orientation', async () => {
    const path = join(freshFolder(), 'turned.jpg');
    await gradient(40, 20, 3).withMetadata({ orientation: 6 }).jpeg().toFile(path);
    expect(await loadImage(path)).toMatchObject({ width: 20, height: 40 });
  });

  it('names a truncated JPEG, a file that is no image, a tiny image and a missing one', async () => {
    const dir = freshFolder();
    const whole = await gradient(200, 200, 3).jpeg().toBuffer();
    writeFileSync(join(dir, 'cut.jpg'), whole.subarray(0, whole.length / 2));
    writeFileSync(join(dir, 'text.jpg'), 'not an image at all');
    await gradient(4, 4, 3).png().toFile(join(dir, 'tiny.png'));
    await expect(loadImage(join(dir, 'cut.jpg'))).rejects.toMatchObject({
      code: 'bad_data',
      message: expect.stringContaining('cut.jpg') as string,
    });
    await expect(loadImage(join(dir, 'text.jpg'))).rejects.toMatchObject({ code: 'bad_data' });
    await expect(loadImage(join(dir, 'tiny.png'))).rejects.toThrow('at least 10x10 pixels, got 4x4');
    await expect(loadImage(join(dir, 'none.jpg'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses a picture of 60,000 x 60,000 pixels by its header, and one of 1 x 1', async () => {
    const dir = freshFolder();
    const png = await gradient(20, 20, 3).png().toBuffer();
    // Width and height stand at bytes 16 to 23 of a PNG, the sum over its first chunk at 29.
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    writeFileSync(join(dir, 'huge.png'), png);
    const before = process.memoryUsage.rss();
    await expect(loadImage(join(dir, 'huge.png'))).rejects.toThrow(/huge\.png: expected at most 178956970 pixels/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
    await gradient(1, 1, 3).png().toFile(join(dir, 'dot.png'));
    await expect(loadImage(join(dir, 'dot.png'))).rejects.toThrow('at least 10x10 pixels, got 1x1');
  });

  it('shrinks to a longest side but never enlarges', async () => {
    const path = join(freshFolder(), 'wide.png');
    await gradient(100, 50, 3).png().toFile(path);
    expect(await loadImage(path, { maxSide: 40 })).toMatchObject({ width: 40, height: 20 });
    expect(await loadImage(path, { maxSide: 400 })).toMatchObject({ width: 100, height: 50 });
  });
});

describe('fitSquare and toPixels', () => {
  it('crops the centre square', async () => {
    const data = new Uint8Array(60 * 20 * 3);
    for (let y = 0; y < 20; y++) for (let x = 20; x < 40; x++) data.fill(200, 3 * (y * 60 + x), 3 * (y * 60 + x) + 3);
    const square = await fitSquare({ data, width: 60, height: 20 }, 20);
    expect([square.width, square.height]).toEqual([20, 20]);
    expect(square.data[3 * (10 * 20 + 10)]).toBe(200);
    expect(square.data.every((value) => value === 200)).toBe(true);
  });

  it('returns an image of the right size as it is', async () => {
    const image = { data: new Uint8Array(12), width: 2, height: 2 };
    expect(await fitSquare(image, 2)).toBe(image);
  });

  it('normalises by channel', () => {
    const pixels = toPixels({ data: Uint8Array.from([255, 0, 51]) }, { mean: [0.5, 0.5, 0.2], std: [0.5, 0.5, 1] });
    expect([...pixels]).toEqual([1, -1, expect.closeTo(0, 6)]);
  });
});

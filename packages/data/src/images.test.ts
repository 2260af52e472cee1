import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitSquare, loadImage, toPixels } from './images.ts';
import { sharp } from './sharp.ts';
import { useTestFolders } from './test-folder.test-util.ts';

const freshFolder = useTestFolders();
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

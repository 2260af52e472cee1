import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkImage } from './check-image.ts';
import { loadImage } from './images.ts';
import { maxPixels } from './image-problem.ts';
import { sharp } from './sharp.ts';
import { useTestFolders } from '../test-folder.test-util.ts';

const freshFolder = useTestFolders();

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A whole PNG of one bit a pixel: 192 megapixels take some 30 kB. */
function panorama(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height), { level: 1 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', new Uint8Array())]);
}

const noise = (width: number, height: number) =>
  sharp(
    Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i) >> 3),
    { raw: { width, height, channels: 3 } },
  );

/** Bad files of every kind, each with what is wrong with it. */
async function badFiles(dir: string): Promise<ReadonlyMap<string, string>> {
  const picture = noise(120, 90);
  const cut = (bytes: Buffer): Buffer => bytes.subarray(0, Math.floor(bytes.length / 2));
  const damaged = 'it is damaged or cut short';
  const files: [string, string, Buffer][] = [
    ['panorama.jpg', `expected at most ${maxPixels} pixels`, panorama(16_000, 12_000)],
    ['cut.jpg', damaged, cut(await picture.clone().jpeg().toBuffer())],
    ['cut-progressive.jpg', damaged, cut(await picture.clone().jpeg({ progressive: true }).toBuffer())],
    ['cut.png', damaged, cut(await picture.clone().png().toBuffer())],
    ['cut.webp', damaged, cut(await picture.clone().webp().toBuffer())],
    ['text.jpg', 'it has no image format that is read', Buffer.from('not an image at all')],
    ['head.png', damaged, (await picture.clone().png().toBuffer()).subarray(0, 20)],
    ['empty.jpg', 'it is empty', Buffer.alloc(0)],
    ['tiny.png', 'expected at least 10x10 pixels, got 4x4', await noise(4, 4).png().toBuffer()],
  ];
  for (const [name, , bytes] of files) writeFileSync(join(dir, name), bytes);
  mkdirSync(join(dir, 'folder.jpg'));
  execFileSync('mkfifo', [join(dir, 'pipe.jpg')]);
  symlinkSync('loop.jpg', join(dir, 'loop.jpg'));
  return new Map([
    ...files.map(([name, reason]) => [name, reason] as const),
    ['folder.jpg', 'it is no file'],
    ['pipe.jpg', 'it is no file'],
    ['loop.jpg', 'links to itself'],
    ['none.jpg', 'missing'],
  ]);
}

describe('checkImage', () => {
  it('gives each bad file the same reason, whatever is decoded beside it', async () => {
    const dir = freshFolder();
    const expected = await badFiles(dir);
    writeFileSync(join(dir, 'good.png'), await noise(900, 700).png().toBuffer());
    const names = [...expected.keys()];
    const alone = new Map<string, string | null>();
    for (const name of names) alone.set(name, await checkImage(join(dir, name)));
    expect(alone).toEqual(expected);
    for (let round = 0; round < 4; round++) {
      const turned = [...names.slice(round), ...names.slice(0, round), 'good.png', ...names];
      const reasons = await Promise.all(turned.map((name) => checkImage(join(dir, name))));
      expect(reasons).toEqual(turned.map((name) => alone.get(name) ?? null));
    }
  });

  it('refuses what the decoder of later stages refuses, with its reason, and nothing else', async () => {
    const dir = freshFolder();
    const names = [...(await badFiles(dir)).keys()];
    const pictures = {
      'cmyk.jpg': noise(60, 40).toColourspace('cmyk').jpeg(),
      'deep.png': noise(60, 40).toColourspace('rgb16').png(),
      'clear.png': noise(60, 40).ensureAlpha(0.5).png(),
      'grey.jpg': noise(60, 40).greyscale().jpeg(),
      'palette.gif': noise(60, 40).gif(),
      'turned.jpg': noise(60, 40).withMetadata({ orientation: 6 }).jpeg(),
      'strip.png': noise(3000, 12).png(),
      'strip.jpg': noise(12, 3000).jpeg(),
    };
    for (const [name, picture] of Object.entries(pictures)) writeFileSync(join(dir, name), await picture.toBuffer());
    for (const name of [...names, ...Object.keys(pictures)]) {
      const path = join(dir, name);
      const reason = await checkImage(path);
      expect(reason === null, name).toBe(name in pictures);
      // Whole, as photographs are encoded and scored; and reduced, as they are augmented and join the pool.
      for (const options of [{}, { shorterSide: 140 }, { maxSide: 140 }, { maxSide: 1024 }]) {
        const read = loadImage(path, options);
        if (reason !== null) await expect(read, name).rejects.toMatchObject({ data: { path, reason } });
        else expect(Math.min((await read).width, (await read).height), name).toBeGreaterThanOrEqual(10);
      }
    }
  });

  it('reads the mask beside a photograph where that will be read', async () => {
    const dir = freshFolder();
    const photo = join(dir, 'a.jpg');
    await noise(60, 40).jpeg().toFile(photo);
    await noise(40, 60).png().toFile(join(dir, 'a.mask.png'));
    expect(await checkImage(photo)).toBeNull();
    expect(await checkImage(photo, { withMask: true })).toBe(
      'its mask: expected the shape of its photograph, 60x40, got 40x60',
    );
    await noise(30, 20).png().toFile(join(dir, 'a.mask.png'));
    expect(await checkImage(photo, { withMask: true })).toBeNull();
  });
});

describe('formats', () => {
  it('of TIFF, GIF and AVIF are decoded like JPEG, of an animation the first picture', async () => {
    const dir = freshFolder();
    const red = { create: { width: 32, height: 24, channels: 3, background: '#c03020' } } as const;
    for (const format of ['tiff', 'gif', 'avif'] as const) {
      const path = join(dir, `x.${format}`);
      await sharp(red).toFormat(format).toFile(path);
      const { width, height, data } = await loadImage(path);
      expect([width, height, data.length]).toEqual([32, 24, 32 * 24 * 3]);
      expect(Math.abs(data[0]! - 0xc0)).toBeLessThan(6);
    }
  });

  it('that are not read are named, whatever the file is called', async () => {
    const dir = freshFolder();
    for (const [format, head] of [
      ['HEIC', '0000001c667479706865696300000000'],
      ['BMP', '424d767e050000000000360000002800'],
      ['JPEG 2000', '0000000c6a5020200d0a870a00000014'],
    ] as const) {
      writeFileSync(join(dir, 'x.jpg'), Buffer.from(head, 'hex'));
      expect(await checkImage(join(dir, 'x.jpg'))).toBe(`it is ${format}, not read here: convert to JPEG, PNG or TIFF`);
    }
  });
});

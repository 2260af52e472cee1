import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDecodePool } from './decode-pool.ts';
import { photoPixels } from './photo-pixels.ts';
import { sharp } from './sharp.ts';
import { useTestFolders } from '../test-folder.test-util.ts';

const freshFolder = useTestFolders();

it.each([0, 2])('%s threads give the pixels that decoding at once gives, each for its photograph', async (threads) => {
  const dir = freshFolder();
  const paths = await Promise.all(
    Array.from({ length: 7 }, async (_, i) => {
      const [width, height] = [40 + 3 * i, 30 + i];
      const raw = Buffer.from(Array.from({ length: width * height * 3 }, (_, at) => (at * (i + 3)) % 256));
      const path = join(dir, `${i}.png`);
      await sharp(raw, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(path);
      return path;
    }),
  );
  const pool = createDecodePool(threads);
  const wanted = paths.map((path) => ({ path, side: 16, fit: 'pad' as const }));
  const decoded = await Promise.all(wanted.map((one) => pool.decode(one)));
  expect(decoded).toEqual(await Promise.all(wanted.map(photoPixels)));
  expect(new Set(decoded.map(String)).size).toBe(7);
  pool.close();
});

it.each([0, 1])(
  'with %s threads a file that is no photograph is named, and the next one is decoded',
  async (threads) => {
    const dir = freshFolder();
    const [bad, good] = ['bad.jpg', 'good.png'].map((name) => join(dir, name)) as [string, string];
    writeFileSync(bad, 'no photograph');
    await sharp({ create: { width: 20, height: 20, channels: 3, background: '#336699' } }).toFile(good);
    const pool = createDecodePool(threads);
    const [refused, kept] = await Promise.allSettled(
      [bad, good].map((path) => pool.decode({ path, side: 16, fit: 'crop' })),
    );
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'bad_data', data: { path: bad } } });
    expect(String((refused as PromiseRejectedResult).reason)).toContain(`cannot decode image ${bad}`);
    expect(kept!.status).toBe('fulfilled');
    pool.close();
  },
);

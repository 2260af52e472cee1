// The photographs of one item of stage `data` as JPEG files. Each depends on (seed, pool, id) alone.
import { join } from 'node:path';
import { CalmError, rng, writeFileAtomic, type DataConfig, type DataItem } from '@calm-orch/core';
import type { RgbImage } from '../images.ts';
import { PhotoShelf, poolSources, userPhotoNames } from '../photos/sources.ts';
import { sharp } from '../sharp.ts';
import { genericImageName, labeledImagePath, studioPaths, unlabeledImagePath } from './layout.ts';
import { studioImage, type Pool } from './photo.ts';
import { toBytes } from './render.ts';

export interface WriteImagesOptions {
  readonly data: DataConfig;
  readonly item: DataItem;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  /** Called after each photograph with the number done so far. */
  readonly onPhoto?: (numDone: number) => void;
}

/** Writes the images of one item under `outputDir`. */
export async function writeStudioImages({ data, item, outputDir, signal, onPhoto }: WriteImagesOptions): Promise<void> {
  const imageOf = imagesOf(data, item.pool);
  for (let done = 0; done < item.count; done++) {
    if (signal?.aborted) throw new CalmError('cancelled', `data: cancelled in pool ${item.pool}`);
    const { path, bytes } = await imageOf(item.first + done);
    writeFileAtomic(join(outputDir, path), await encodeJpeg(bytes, data.imageSize));
    onPhoto?.(done + 1);
  }
}

interface NamedImage {
  readonly path: string;
  /** imageSize*imageSize*3. */
  readonly bytes: Uint8Array;
}

function imagesOf(data: DataConfig, pool: DataItem['pool']): (index: number) => Promise<NamedImage> {
  const { seed, imageSize } = data;
  const studio = (of: Pool, id: number): Uint8Array => toBytes(studioImage(seed, of, id, imageSize).image);
  switch (pool) {
    case 'labeled':
      return async (index) => ({ path: labeledImagePath(index + 1), bytes: studio('labeled', index + 1) });
    case 'generic':
      return async (index) => ({
        path: `${studioPaths.conversationImages}/${genericImageName(index + 1)}`,
        bytes: studio('generic', index + 1),
      });
    case 'unlabeled': {
      const sources = poolSources(data, userPhotoNames(data.unlabeledDir));
      const shelf = new PhotoShelf(data.unlabeledDir);
      return async (index) => {
        const source = sources[index]!;
        const photo = source.kind === 'studio' ? null : await shelf.load(source);
        return photo === null
          ? { path: unlabeledImagePath(index, 'studio'), bytes: studio('unlabeled', index) }
          : { path: unlabeledImagePath(index, source.kind), bytes: await randomCrop(photo, imageSize, seed, index) };
      };
    }
  }
}

/** A square of 40 to 100 % of the shorter side anywhere in the photograph, brought to `side` pixels. */
async function randomCrop(
  { data, width, height }: RgbImage,
  side: number,
  seed: number,
  index: number,
): Promise<Uint8Array> {
  const random = rng('studio', seed, 'unlabeled', index, 'crop');
  const shorter = Math.min(width, height);
  const size = Math.min(shorter, Math.max(Math.min(side, shorter), Math.round(shorter * random.range(0.4, 1))));
  const left = random.int(width - size + 1);
  const top = random.int(height - size + 1);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: size, height: size })
    .resize(side, side)
    .raw()
    .toBuffer();
}

/** Quality 95 without chroma subsampling: compression shall not be a trait of its own. */
export async function encodeJpeg(bytes: Uint8Array, side: number): Promise<Uint8Array> {
  return sharp(bytes, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

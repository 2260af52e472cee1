// The photographs of one item of stage `data` as JPEG files. Each depends on (seed, pool, id) alone.
import { join } from 'node:path';
import { CalmError, rng, writeFileAtomic, type DataConfig, type DataItem } from '@calm-orch/core';
import type { RgbImage } from '../images/images.ts';
import { loadMask, maskFileOf } from '../images/masks.ts';
import { userPhotoNames } from '../photos/photo-folder.ts';
import { PhotoShelf, poolSources } from '../photos/sources.ts';
import { pipelineOf } from '../pipeline.ts';
import {
  genericImageName,
  labeledImagePath,
  studioPaths,
  unlabeledImagePath,
  unlabeledMaskPath,
  validationId,
} from '../catalog/layout.ts';
import { labeledImage, photographedIds } from './labeled.ts';
import { studioImage, type Pool } from './photo.ts';
import { randomSquare, type Square } from './random-square.ts';
import { toBytes } from './render.ts';

export interface WriteImagesOptions {
  readonly data: DataConfig;
  readonly item: DataItem;
  /** Side of the unlabelled photographs, which are augmented before they are reduced. @default data.imageSize */
  readonly unlabeledSide?: number;
  readonly outputDir: string;
  readonly signal?: AbortSignal;
  /** Called after each photograph with the number done so far. */
  readonly onPhoto?: (numDone: number) => void;
}

/** Writes the images of one item under `outputDir`. */
export async function writeStudioImages(options: WriteImagesOptions): Promise<void> {
  const { data, item, outputDir, signal, onPhoto, unlabeledSide = data.imageSize } = options;
  const side = item.pool === 'unlabeled' ? unlabeledSide : data.imageSize;
  const imageOf = imagesOf(data, item.pool, side);
  for (let done = 0; done < item.count; done++) {
    if (signal?.aborted) throw new CalmError('cancelled', `data: cancelled in pool ${item.pool}`);
    const { path, bytes, mask } = await imageOf(item.first + done);
    writeFileAtomic(join(outputDir, path), await encodeJpeg(bytes, side));
    if (mask) writeFileAtomic(join(outputDir, mask.path), mask.png);
    onPhoto?.(done + 1);
  }
}

interface NamedImage {
  readonly path: string;
  /** side*side*3. */
  readonly bytes: Uint8Array;
  readonly mask?: { readonly path: string; readonly png: Uint8Array };
}

function imagesOf(data: DataConfig, pool: DataItem['pool'], side: number): (index: number) => Promise<NamedImage> {
  const { seed } = data;
  const studio = (of: Pool, id: number): Uint8Array => toBytes(studioImage(seed, of, id, side).image);
  switch (pool) {
    case 'labeled': {
      const photographed = photographedIds(data);
      const shelf = new PhotoShelf(null);
      return async (index) => {
        const id = index + 1;
        const source = photographed.get(id);
        const photo = source === undefined ? null : await shelf.load({ kind: 'photo', photo: source });
        return { path: labeledImagePath(id), bytes: toBytes(await labeledImage(seed, id, photo, side)) };
      };
    }
    case 'validation':
      return async (index) => {
        const id = validationId(index);
        return { path: labeledImagePath(id), bytes: studio('validation', id) };
      };
    case 'generic':
      return async (index) => ({
        path: `${studioPaths.conversationImages}/${genericImageName(index + 1)}`,
        bytes: studio('generic', index + 1),
      });
    case 'questions':
      throw new CalmError(
        'internal',
        'data questions: the studio asks about its labelled photographs, and makes no others',
      );
    case 'unlabeled': {
      const sources = poolSources(data, userPhotoNames(data.unlabeledDir));
      const shelf = new PhotoShelf(data.unlabeledDir);
      return async (index) => {
        const source = sources[index]!;
        const photo = source.kind === 'studio' ? null : await shelf.load(source);
        if (photo === null) return { path: unlabeledImagePath(index, 'studio'), bytes: studio('unlabeled', index) };
        const square = randomSquare(photo, side, rng('studio', seed, 'unlabeled', index, 'crop'));
        const maskFile = source.kind === 'user' ? maskFileOf(join(data.unlabeledDir!, source.name)) : null;
        return {
          path: unlabeledImagePath(index, source.kind),
          bytes: await pipelineOf(photo).extract(square).resize(side, side).raw().toBuffer(),
          ...(maskFile && {
            mask: { path: unlabeledMaskPath(index), png: await cutMask(maskFile, photo, square, side) },
          }),
        };
      };
    }
  }
}

/** The same square of the photograph's mask, as PNG. */
async function cutMask(file: string, photo: RgbImage, square: Square, side: number): Promise<Uint8Array> {
  const data = await loadMask(file, photo, { reduced: true });
  return pipelineOf({ ...photo, data }, 1)
    .extract(square)
    .resize(side, side)
    .png()
    .toBuffer();
}

/** Quality 95 without chroma subsampling: compression shall not be a trait of its own. */
export async function encodeJpeg(bytes: Uint8Array, side: number): Promise<Uint8Array> {
  return pipelineOf({ data: bytes, width: side, height: side })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

// The photographs of a set, and their pixels as the ViT reads them, decoded ahead.
import { join, resolve } from 'node:path';
import type { PhotographSet } from '@calm-orch/core';
import { personalPhotos } from '../flickr-aes/annotators.ts';
import type { Fit } from '../images/clip-square.ts';
import { createDecodePool, type DecodePool } from '../images/decode-pool.ts';
import { imageNamesIn } from '../images/image-files.ts';
import { augmentedId, numDraws, originalId, readPairs } from '../labels/augmented-pairs.ts';
import { everything, sliced, type Slice } from '../text/line-lists.ts';
import { askedPhotos, captionedPhotos, labeledSlice } from './read.ts';

export interface Photograph {
  readonly id: string;
  readonly path: string;
}

/** A set in a fixed order, or a slice of it: of pools of hundreds of thousands nothing else is read. @param inputs Artifacts of the stages that make it, by the names of encode.kind.ts. */
function photographsOf(
  what: PhotographSet,
  inputs: Readonly<Record<string, string>>,
  slice: Slice = everything,
): Photograph[] {
  const { data, validation, questions, augment, dataPersonal, degraded } = inputs;
  switch (what) {
    case 'labeled':
    case 'validation':
      return labeledSlice((what === 'validation' ? validation : data)!, slice).map(({ id, path }) => ({
        id: String(id),
        path,
      }));
    case 'personal':
      return sliced(personalPhotos(dataPersonal!), slice);
    case 'real':
      return sliced(imageNamesIn(degraded!), slice).map((name) => ({ id: name, path: join(degraded!, name) }));
    case 'generic':
      return captionedPhotos(data!, slice);
    case 'questions':
      return askedPhotos(questions!, slice).map(({ path }) => ({ id: path, path }));
    case 'ssl':
      return pairedPhotos(data!, augment!, slice);
  }
}

/** Each original once, and its augmented copies after it. */
function pairedPhotos(data: string, augment: string, slice: Slice): Photograph[] {
  const draws = numDraws(augment);
  // What is not a multiple of an original with its copies is cut off again.
  const before = Math.floor(slice.first / (1 + draws));
  const count = Math.ceil((slice.first + slice.count) / (1 + draws)) - before;
  const photos = readPairs(augment, { first: before * draws, count: count * draws }).flatMap((pair) => [
    ...(pair.draw === 0 ? [{ id: originalId(pair.index), path: resolve(data, pair.original) }] : []),
    { id: augmentedId(pair), path: join(augment, pair.augmented) },
  ]);
  return sliced(photos, { first: slice.first - before * (1 + draws), count: slice.count });
}

export interface DecodedPhotographs {
  readonly ids: readonly string[];
  /** Has these decoded meanwhile, and forgets others that nobody has asked for. */
  readAhead(rows: readonly number[]): void;
  /** [side, side, 3] normalised pixels of each. @throws as `loadImage` */
  pixels(rows: readonly number[]): Promise<Float32Array[]>;
  close(): void;
}

function decodedPhotographs(
  photographs: readonly Photograph[],
  { side, fit }: { readonly side: number; readonly fit: Fit },
  pool: DecodePool = createDecodePool(),
): DecodedPhotographs {
  let ahead = new Map<number, Promise<Float32Array>>();
  const start = (row: number): Promise<Float32Array> => {
    const decoding = pool.decode({ path: photographs[row]!.path, side, fit });
    // Whoever asks for it gets the error; perhaps nobody does.
    decoding.catch(() => {});
    return decoding;
  };
  return {
    ids: photographs.map(({ id }) => id),
    readAhead: (rows) => {
      ahead = new Map(rows.map((row) => [row, ahead.get(row) ?? start(row)]));
    },
    pixels: (rows) => {
      const decoding = rows.map((row) => ahead.get(row) ?? start(row));
      for (const row of rows) ahead.delete(row);
      return Promise.all(decoding);
    },
    close: () => pool.close(),
  };
}

/** What stages open hidden states with. */
export const photographReader = { photographsOf, decodedPhotographs };

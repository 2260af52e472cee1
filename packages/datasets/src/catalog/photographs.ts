// The photographs of a set, and their pixels as the ViT reads them, decoded ahead.
import { join, resolve } from 'node:path';
import type { PhotographSet } from '@calm-orch/core';
import { personalPhotos } from '../flickr-aes/annotators.ts';
import type { Fit } from '../images/clip-square.ts';
import { createDecodePool, type DecodePool } from '../images/decode-pool.ts';
import { imageNamesIn } from '../images/image-files.ts';
import { augmentedId, originalId, readPairs } from '../labels/augmented-pairs.ts';
import { askedPhotos, captionedPhotos, labeledPhotos } from './read.ts';

export interface Photograph {
  readonly id: string;
  readonly path: string;
}

/** A set in a fixed order. @param inputs Artifacts of the stages that make it, by the names of encode.kind.ts. */
function photographsOf(what: PhotographSet, inputs: Readonly<Record<string, string>>): Photograph[] {
  const { data, questions, augment, dataPersonal, degraded } = inputs;
  switch (what) {
    case 'labeled': {
      const { train, test } = labeledPhotos(data!);
      return [...train, ...test].sort((a, b) => a.id - b.id).map(({ id, path }) => ({ id: String(id), path }));
    }
    case 'personal':
      return personalPhotos(dataPersonal!);
    case 'real':
      return imageNamesIn(degraded!).map((name) => ({ id: name, path: join(degraded!, name) }));
    case 'generic':
      return captionedPhotos(data!);
    case 'questions':
      return askedPhotos(questions!).map(({ path }) => ({ id: path, path }));
    case 'ssl':
      return readPairs(augment!).flatMap((pair) => [
        ...(pair.draw === 0 ? [{ id: originalId(pair.index), path: resolve(data!, pair.original) }] : []),
        { id: augmentedId(pair), path: join(augment!, pair.augmented) },
      ]);
  }
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

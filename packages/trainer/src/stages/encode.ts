// The frozen ViT's hidden states of fixed photographs, computed once and shared by all rows and seeds.
import { join, resolve } from 'node:path';
import { CalmError, type MfamConfig, type StageFunction, type TrialConfig, type VisionConfig } from '@calm-orch/core';
import {
  captionedPhotos,
  clipSquare,
  flickrAesFiles,
  imageNamesIn,
  labeledSlice,
  loadImage,
  toPixels,
  type Slice,
} from '@calm-orch/datasets';
import { startEngine } from '@calm-orch/engine';
import { createPhotoEncoder, openFoundation, writeTapsPart } from '@calm-orch/model';
import { encodedPerItem, type EncodeWhat } from './encode.kind.ts';
import { augmentedId, originalId, readPairs } from '../augmented-pairs.ts';

export interface EncodeConfig extends Pick<TrialConfig, 'encode'> {
  readonly what: EncodeWhat;
  readonly vision: VisionConfig;
  readonly taps: MfamConfig['taps'];
  readonly standardizeTaps: boolean;
}

interface Photograph {
  readonly id: string;
  readonly path: string;
}

const batchSize = 50;

/** A slice of the photographs of a kind, in a fixed order: of pools of hundreds of thousands nothing else is read. */
function photographs(what: EncodeWhat, inputs: Readonly<Record<string, string>>, slice: Slice): Photograph[] {
  const { data, augment, dataPersonal, degraded } = inputs;
  switch (what) {
    case 'labeled':
      return labeledSlice(data!, slice).map(({ id, path }) => ({ id: String(id), path }));
    case 'personal':
      return imagesIn(join(dataPersonal!, flickrAesFiles.images), slice);
    case 'real':
      return imagesIn(degraded!, slice);
    case 'generic':
      return captionedPhotos(data!, slice);
    case 'ssl':
      return readPairs(augment!, { first: slice.first / 2, count: slice.count / 2 }).flatMap(
        ({ index, original, augmented }) => [
          { id: originalId(index), path: resolve(data!, original) },
          { id: augmentedId(index), path: join(augment!, augmented) },
        ],
      );
  }
}

function imagesIn(folder: string, { first, count }: Slice): Photograph[] {
  const names = imageNamesIn(folder).slice(first, first + count);
  return names.map((name) => ({ id: name, path: join(folder, name) }));
}

export const encode: StageFunction = async (context) => {
  const { what, vision, taps, standardizeTaps, encode: how } = context.stage.config as unknown as EncodeConfig;
  const layers = [...new Set(Object.values(taps))].sort((a, b) => a - b);
  const slice = { first: context.item * encodedPerItem, count: encodedPerItem };
  const items = photographs(what, context.inputs, slice);
  const foundation = openFoundation(context.inputs.foundation);
  const encoder = createPhotoEncoder(await startEngine(), {
    vision,
    layers,
    batchSize,
    weights: foundation.vision(vision),
    standardize: standardizeTaps,
  });
  try {
    const { tokens, width } = encoder;
    const states = new Map(layers.map((layer) => [layer, new Float32Array(items.length * tokens * width)]));
    for (let start = 0; start < items.length; start += batchSize) {
      if (context.signal.aborted) throw new CalmError('cancelled', `stage encode: cancelled in item ${context.item}`);
      const batch = items.slice(start, start + batchSize);
      const images = await Promise.all(
        batch.map(async ({ path }) => toPixels(clipSquare(await loadImage(path), vision.imageSize, how.fit))),
      );
      for (const [layer, values] of encoder.encode(images)) states.get(layer)!.set(values, start * tokens * width);
      context.report({ step: start + batch.length, totalSteps: items.length });
    }
    writeTapsPart(context.outputDir, context.item, { ids: items.map(({ id }) => id), layers, tokens, width }, states);
    return {};
  } finally {
    encoder.close();
    foundation.close();
  }
};

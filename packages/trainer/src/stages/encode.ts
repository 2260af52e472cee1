// The frozen ViT's hidden states of fixed photographs, computed once and shared by all rows and seeds.
import { join } from 'node:path';
import {
  CalmError,
  encodedPerItem,
  type EncodeWhat,
  type MfamConfig,
  type StageFunction,
  type TrialConfig,
  type VisionConfig,
} from '@calm-orch/core';
import { clipSquare, loadImage, readAva, readConversations, toPixels } from '@calm-orch/data';
import { createProgram, startEngine } from '@calm-orch/engine';
import {
  frozenParameters,
  hiddenStates,
  openFoundation,
  visionShapes,
  writeTapsPart,
  type Weights,
} from '@calm-orch/model';
import { augmentedId, originalId, readPairs } from '../augmented-pairs.ts';
import { select } from '../model-weights.ts';

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

/** The photographs of a kind in a fixed order; item i encodes the i-th run of `encodedPerItem`. */
function photographs(what: EncodeWhat, { data, augment }: Readonly<Record<string, string>>): Photograph[] {
  switch (what) {
    case 'labeled': {
      const ava = readAva(join(data!, 'AVA'));
      return [...ava.train, ...ava.test].sort((a, b) => a.id - b.id).map(({ id, path }) => ({ id: String(id), path }));
    }
    case 'generic': {
      const root = join(data!, 'LLaVA-Pretrain');
      return [...readConversations(join(root, 'blip_laion_cc_sbu_558k.json'))].flatMap(({ id, image }) =>
        image === null ? [] : [{ id, path: join(root, 'images', image) }],
      );
    }
    case 'ssl':
      return readPairs(augment!).flatMap(({ index, original, augmented }) => [
        { id: originalId(index), path: join(data!, original) },
        { id: augmentedId(index), path: join(augment!, augmented) },
      ]);
  }
}

type Statistics = ReadonlyMap<number, { readonly mean: Float32Array; readonly deviation: Float32Array }>;

function statisticsOf(weights: Weights, layers: readonly number[]): Statistics {
  return new Map(
    layers.map((layer) => {
      const [mean, deviation] = ['mean', 'deviation'].map((name) => weights[`taps.${layer}.${name}`]?.values);
      if (mean === undefined || deviation === undefined)
        throw new CalmError(
          'bad_data',
          `the foundation has no statistics of hidden state ${layer}; set mfam.standardizeTaps=false`,
        );
      return [layer, { mean, deviation }];
    }),
  );
}

/** Standardises a layer's channels in place with the statistics the foundation carries. */
function standardize(values: Float32Array, statistics: Statistics, layer: number): void {
  const { mean, deviation } = statistics.get(layer)!;
  const width = mean.length;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean[i % width]!) / deviation[i % width]!;
}

/** Interleaved [H, W, 3] into planes [3, H, W] at `offset`. */
function setPlanes(target: Float32Array, offset: number, image: Float32Array): void {
  const plane = image.length / 3;
  for (let p = 0; p < plane; p++) for (let c = 0; c < 3; c++) target[offset + c * plane + p] = image[p * 3 + c]!;
}

export const encode: StageFunction = async (context) => {
  const { what, vision, taps, standardizeTaps, encode: how } = context.stage.config as unknown as EncodeConfig;
  const layers = [...new Set(Object.values(taps))].sort((a, b) => a - b);
  const { imageSize: side, hiddenSize: width } = vision;
  const tokens = (side / vision.patchSize) ** 2 + 1;
  const first = context.item * encodedPerItem;
  const items = photographs(what, context.inputs).slice(first, first + encodedPerItem);
  const foundation = openFoundation(context.inputs.foundation);
  const weights = foundation.vision(vision);
  const shapes = visionShapes(vision);
  const program = createProgram(await startEngine(), {
    variables: shapes,
    functions: {
      encode: {
        inputs: { pixels: { shape: [batchSize, 3, side, side], dtype: 'float32' } },
        body: (variables, inputs) => {
          const states = hiddenStates(frozenParameters(variables), vision, inputs.pixels!, layers.at(-1));
          return { outputs: Object.fromEntries(layers.map((layer) => [layer, states[layer]!])) };
        },
      },
    },
  });
  try {
    for (const [key, { values }] of Object.entries(select(weights, shapes))) program.assign(key, values);
    const statistics = standardizeTaps ? statisticsOf(weights, layers) : null;
    const states = new Map(layers.map((layer) => [layer, new Float32Array(items.length * tokens * width)]));
    const pixelsPerImage = 3 * side * side;
    for (let start = 0; start < items.length; start += batchSize) {
      if (context.signal.aborted) throw new CalmError('cancelled', `stage encode: cancelled in item ${context.item}`);
      const batch = items.slice(start, start + batchSize);
      const pixels = new Float32Array(batchSize * pixelsPerImage);
      const loaded = await Promise.all(
        batch.map(async ({ path }) => toPixels(clipSquare(await loadImage(path), side, how.fit))),
      );
      loaded.forEach((image, i) => setPlanes(pixels, i * pixelsPerImage, image));
      const output = program.run('encode', { pixels });
      for (const layer of layers) {
        const values = output[layer]!.subarray(0, batch.length * tokens * width);
        if (statistics !== null) standardize(values, statistics, layer);
        states.get(layer)!.set(values, start * tokens * width);
      }
      context.report({ step: start + batch.length, totalSteps: items.length });
    }
    writeTapsPart(context.outputDir, context.item, { ids: items.map(({ id }) => id), layers, tokens, width }, states);
    return {};
  } finally {
    program.dispose();
    foundation.close();
  }
};

// Photographs through the frozen ViT: hidden states of the tapped layers, standardised as the foundation's statistics say.
// An input side other than the checkpoint's gets its position embeddings by interpolation, as is usual for ViTs.
import { CalmError, type VisionConfig } from '@calm-orch/core';
import { createProgram, roundToBfloat16, type Engine } from '@calm-orch/engine';
import { frozenParameters } from '../layers/parameter.ts';
import type { Weights } from '../training/shard-gradients.ts';
import { hiddenStates, visionPrefix, visionShapes } from '../layers/vision.ts';

export interface PhotoEncoderSpec {
  readonly vision: VisionConfig;
  /** Ascending. */
  readonly layers: readonly number[];
  /** The foundation checkpoint. */
  readonly weights: Weights;
  readonly standardize: boolean;
  /** What the states are rounded to. @default fp32 */
  readonly precision?: 'fp32' | 'bf16';
  /** Photographs computed at once; no bit depends on it. @default 50, or what has 4096 tokens */
  readonly batchSize?: number;
}

export interface PhotoEncoder {
  /** Tokens per photograph, CLS first, and their width. */
  readonly tokens: number;
  readonly width: number;
  readonly batchSize: number;
  /** Values [images * tokens * width] by layer; an image is side*side*3 normalised pixels, RGB interleaved. */
  encode(images: readonly Float32Array[]): Map<number, Float32Array>;
  close(): void;
}

export const positionKey = `${visionPrefix}.embeddings.position_embedding.weight`;

/** @throws CalmError `bad_data` naming a weight that is missing or of another shape. */
export function createPhotoEncoder(engine: Engine, spec: PhotoEncoderSpec): PhotoEncoder {
  const { vision, layers, standardize } = spec;
  const { imageSize: side, hiddenSize: width } = vision;
  const grid = side / vision.patchSize;
  const tokens = grid ** 2 + 1;
  const { batchSize = Math.max(1, Math.min(50, Math.floor(4096 / tokens))) } = spec;
  const shapes = visionShapes(vision);
  const program = createProgram(engine, {
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
  const weights = Object.entries(shapes).map(([key, shape]): [string, Float32Array] => {
    const found = spec.weights[key];
    const values = key === positionKey && found ? interpolatePositions(found.values, width, grid) : found?.values;
    const size = shape.reduce((a, b) => a * b, 1);
    if (values?.length !== size)
      throw new CalmError('bad_data', `checkpoint: ${key} should be ${shape.join('x')}, is ${found?.shape.join('x')}`);
    return [key, values];
  });
  program.assignAll(weights);
  const statistics = standardize ? statisticsOf(spec.weights, layers) : null;
  const pixelsPerImage = 3 * side * side;
  return {
    tokens,
    width,
    batchSize,
    encode: (images) => {
      const states = new Map(layers.map((layer) => [layer, new Float32Array(images.length * tokens * width)]));
      for (let start = 0; start < images.length; start += batchSize) {
        const batch = images.slice(start, start + batchSize);
        const pixels = new Float32Array(batchSize * pixelsPerImage);
        batch.forEach((image, i) => setPlanes(pixels, i * pixelsPerImage, image));
        const output = program.run('encode', { pixels });
        for (const layer of layers) {
          const values = output[layer]!.subarray(0, batch.length * tokens * width);
          if (statistics !== null) standardizeInPlace(values, statistics, layer);
          if (spec.precision === 'bf16') roundToBfloat16(values);
          states.get(layer)!.set(values, start * tokens * width);
        }
      }
      return states;
    },
    close: () => program.dispose(),
  };
}

/**
 * Position embeddings [1 + g * g, width] for a grid of another side: the CLS position as it is, the others bilinearly,
 * with the corners of both grids' cells aligned. The same grid is returned as it is.
 */
export function interpolatePositions(values: Float32Array, width: number, grid: number): Float32Array {
  const from = Math.sqrt(values.length / width - 1);
  if (from === grid || !Number.isInteger(from)) return values;
  const result = new Float32Array((grid * grid + 1) * width);
  result.set(values.subarray(0, width));
  const place = (i: number): { low: number; high: number; share: number } => {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / grid - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(from - 1, low + 1), share: at - low };
  };
  for (let y = 0; y < grid; y++) {
    const row = place(y);
    for (let x = 0; x < grid; x++) {
      const column = place(x);
      const at = (r: number, c: number, k: number): number => values[(1 + r * from + c) * width + k]!;
      for (let k = 0; k < width; k++) {
        const top = at(row.low, column.low, k) * (1 - column.share) + at(row.low, column.high, k) * column.share;
        const bottom = at(row.high, column.low, k) * (1 - column.share) + at(row.high, column.high, k) * column.share;
        result[(1 + y * grid + x) * width + k] = top * (1 - row.share) + bottom * row.share;
      }
    }
  }
  return result;
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
function standardizeInPlace(values: Float32Array, statistics: Statistics, layer: number): void {
  const { mean, deviation } = statistics.get(layer)!;
  const width = mean.length;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean[i % width]!) / deviation[i % width]!;
}

/** Interleaved [H, W, 3] into planes [3, H, W] at `offset`. */
function setPlanes(target: Float32Array, offset: number, image: Float32Array): void {
  const plane = image.length / 3;
  for (let p = 0; p < plane; p++) for (let c = 0; c < 3; c++) target[offset + c * plane + p] = image[p * 3 + c]!;
}

// Hidden states of a batch as program inputs: one input per tapped layer and picture, so levels that tap the same layer
// share it.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Level, MfamConfig } from '@calm-orch/core';
import type { InputSpec, Tensors } from '@calm-orch/engine';
import type { StatesSize } from '../layers/vision.ts';
import type { Taps } from './taps.ts';

type Tapped = Pick<MfamConfig, 'levels' | 'taps'>;

const inputName = (image: number, layer: number): string => `image${image}_layer${layer}`;

/** The distinct layers the configured levels read, ascending. */
export function tappedLayers({ levels, taps }: Tapped): number[] {
  return [...new Set(levels.map((level) => taps[level]))].sort((a, b) => a - b);
}

/** Inputs [batch, tokens, width] of picture `image` of each sample. */
export function visualSpec(
  mfam: Tapped,
  { tokens, width }: StatesSize,
  batch: number,
  image = 0,
): Record<string, InputSpec> {
  return Object.fromEntries(
    tappedLayers(mfam).map((layer) => [inputName(image, layer), { shape: [batch, tokens, width], dtype: 'float32' }]),
  );
}

/** The values for `visualSpec`: `rows` are positions in the taps, one per sample. */
export function visualBatch(
  mfam: Tapped,
  taps: Taps,
  rows: readonly number[],
  image = 0,
): Record<string, Float32Array> {
  const size = taps.tokens * taps.width;
  return Object.fromEntries(
    tappedLayers(mfam).map((layer) => {
      const values = new Float32Array(rows.length * size);
      rows.forEach((row, i) => taps.readInto(row, layer, values, i * size));
      return [inputName(image, layer), values];
    }),
  );
}

/** Has the system read what `visualBatch` will be asked for, while something else is computed. */
export function readBatchAhead(mfam: Tapped, taps: Taps, rows: readonly number[]): void {
  taps.readAhead(rows, tappedLayers(mfam));
}

/** The hidden state each configured level reads. */
export function visualOf(mfam: Tapped, inputs: Tensors, image = 0): Partial<Record<Level, Tensor>> {
  return Object.fromEntries(mfam.levels.map((level) => [level, inputs[inputName(image, mfam.taps[level])]!]));
}

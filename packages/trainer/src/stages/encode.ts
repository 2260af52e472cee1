// The frozen ViT's hidden states of fixed photographs, computed once and shared by all rows and seeds.
import { CalmError, type LiveEncoding, type MfamConfig, type PhotographSet, type StageFunction } from '@calm-orch/core';
import { photographReader } from '@calm-orch/datasets';
import { openLiveTaps, writeTapsPart } from '@calm-orch/model';
import { encodedPerItem } from './encode.kind.ts';

export interface EncodeConfig {
  readonly what: PhotographSet;
  readonly taps: MfamConfig['taps'];
  readonly encoding: LiveEncoding;
}

/** Photographs of a report. */
const batchSize = 50;

/** Item i encodes the i-th run of `encodedPerItem` photographs. */
export const encode: StageFunction = async (context) => {
  const { what, taps: tapped, encoding } = context.stage.config as unknown as EncodeConfig;
  const layers = [...new Set(Object.values(tapped))].sort((a, b) => a - b);
  const first = context.item * encodedPerItem;
  const items = photographReader.photographsOf(what, context.inputs, { first, count: encodedPerItem });
  // Items are cut from what there may be at most.
  if (items.length === 0 && first > 0) return {};
  const taps = await openLiveTaps(context, items, encoding, layers, photographReader);
  try {
    const { ids, tokens, width } = taps;
    const size = tokens * width;
    const rows = ids.map((_, row) => row);
    const states = new Map(layers.map((layer) => [layer, new Float32Array(items.length * size)]));
    for (let start = 0; start < items.length; start += batchSize) {
      if (context.signal.aborted) throw new CalmError('cancelled', `stage encode: cancelled in item ${context.item}`);
      const batch = rows.slice(start, start + batchSize);
      await taps.prepare?.(batch);
      taps.readAhead(rows.slice(start + batchSize, start + 2 * batchSize), layers);
      for (const layer of layers) for (const row of batch) taps.readInto(row, layer, states.get(layer)!, row * size);
      context.report({ step: start + batch.length, totalSteps: items.length });
    }
    writeTapsPart(
      context.outputDir,
      context.item,
      { ids, layers, tokens, width, precision: encoding.precision },
      states,
    );
    return {};
  } finally {
    taps.close();
  }
};

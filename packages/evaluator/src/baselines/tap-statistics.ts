// Statistics of photographs' hidden states, batch by batch: those that are not stored are computed once for all layers.
import type { Taps } from '@calm-orch/model';
import { channelStatistics } from './features.ts';

const batchSize = 50;

/** `channelStatistics` by layer, for each of the photographs. */
export async function tapStatistics(
  taps: Taps,
  rows: readonly number[],
  layers: readonly number[],
): Promise<ReadonlyMap<number, Float64Array>[]> {
  const statistics: ReadonlyMap<number, Float64Array>[] = [];
  while (statistics.length < rows.length) {
    const start = statistics.length;
    const batch = rows.slice(start, start + batchSize);
    await taps.prepare?.(batch);
    taps.readAhead(rows.slice(start + batchSize, start + 2 * batchSize), layers);
    for (const row of batch) {
      const of = (layer: number) => channelStatistics(taps.read(row, layer), taps.tokens, taps.width);
      statistics.push(new Map(layers.map((layer) => [layer, of(layer)])));
    }
  }
  return statistics;
}

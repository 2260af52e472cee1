// Hidden states that are stored nowhere: computed for the photographs of a step before the step, from pixels that were
// decoded meanwhile. In memory are those of one step, and the pixels of the next.
import { setImmediate } from 'node:timers/promises';
import { CalmError } from '@calm-orch/core';
import type { PhotoEncoder } from './photo-encoder.ts';
import type { Taps } from './taps.ts';

/** Where pixels come from. */
export interface Photographs {
  readonly ids: readonly string[];
  /** Has these decoded meanwhile, and forgets others that nobody has asked for. */
  readAhead(rows: readonly number[]): void;
  /** [side, side, 3] normalised pixels of each. */
  pixels(rows: readonly number[]): Promise<Float32Array[]>;
  close(): void;
}

/** States [tokens * width] by layer. */
type States = ReadonlyMap<number, Float32Array>;

/**
 * @param encoder Of these layers; closed with the taps.
 * @param alive Told between batches that the computation goes on.
 */
export function liveTaps(
  photographs: Photographs,
  encoder: PhotoEncoder,
  layers: readonly number[],
  alive: () => void = () => {},
): Taps {
  const { tokens, width, batchSize } = encoder;
  const size = tokens * width;
  let prepared: ReadonlyMap<number, States> = new Map();
  let others: ReadonlySet<number> = new Set();
  const statesOf = (row: number, layer: number): Float32Array => {
    const states = prepared.get(row)?.get(layer);
    if (states === undefined)
      throw new CalmError('internal', `hidden state ${layer} of photograph ${row} was not prepared`);
    return states;
  };
  return {
    ids: photographs.ids,
    layers,
    tokens,
    width,
    read: (row, layer) => statesOf(row, layer).slice(),
    readInto: (row, layer, target, offset) => {
      if (prepared.has(row) || !others.has(row)) target.set(statesOf(row, layer), offset);
    },
    readAhead: (rows) => photographs.readAhead([...new Set(rows)]),
    prepare: async (rows, named = []) => {
      const wanted = [...new Set(rows)];
      const next = new Map(wanted.flatMap((row) => (prepared.has(row) ? [[row, prepared.get(row)!] as const] : [])));
      prepared = next;
      others = new Set(named);
      const missing = wanted.filter((row) => !next.has(row));
      photographs.readAhead(missing);
      for (let start = 0; start < missing.length; start += batchSize) {
        const batch = missing.slice(start, start + batchSize);
        const states = encoder.encode(await photographs.pixels(batch));
        batch.forEach((row, i) => {
          const own = layers.map((layer) => [layer, states.get(layer)!.subarray(i * size, (i + 1) * size)] as const);
          next.set(row, new Map(own));
        });
        alive();
        // The engine blocks this thread; messages come in only here.
        await setImmediate();
      }
    },
    close: () => {
      photographs.close();
      encoder.close();
    },
  };
}

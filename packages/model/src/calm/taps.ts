// Hidden states of the frozen ViT on disk, one file per part and layer: raw float32 or bfloat16, row-major [photographs, T, D].
// Computed once, shared by every row and seed; readers fetch single photographs by position. live-taps.ts has those that are
// not stored.
import { closeSync, existsSync, openSync, read as startToRead, readdirSync, readFileSync, readSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { CalmError, writeFileAtomic } from '@calm-orch/core';
import { upperHalves, widen } from '@calm-orch/engine';
import type { StatesSize } from '../layers/vision.ts';

interface PartIndex {
  readonly ids: readonly string[];
  readonly layers: readonly number[];
  readonly tokens: number;
  readonly width: number;
  /** bf16: of the values only the upper halves are kept, for they are bfloat16. @default fp32 */
  readonly precision?: 'fp32' | 'bf16';
}

export interface Taps extends StatesSize {
  /** Photograph ids in row order. */
  readonly ids: readonly string[];
  readonly layers: readonly number[];
  /** [tokens * width] of one photograph at one layer. */
  read(row: number, layer: number): Float32Array;
  /** The same, into `target` at `offset`. */
  readInto(row: number, layer: number, target: Float32Array, offset: number): void;
  /**
   * Has photographs that will be wanted next read on other threads meanwhile. What `read` gives does not depend on it.
   */
  readAhead(rows: readonly number[], layers: readonly number[]): void;
  /**
   * Where hidden states are not stored: computes these, and forgets others. Only they can be read then; of `named` those
   * that are not among them leave what they are read into as it is, for another trainer computes with them.
   * @default all can be read
   */
  prepare?(rows: readonly number[], named?: readonly number[]): Promise<void>;
  close(): void;
}

const partName = (item: number): string => `part-${String(item).padStart(4, '0')}`;

const fileOf = (stem: string, layer: number, { precision = 'fp32' }: Pick<PartIndex, 'precision'>): string =>
  `${stem}-layer-${layer}.${precision === 'bf16' ? 'bf16' : 'f32'}`;

/** Writes one item's part; `states` holds each layer's [ids.length * tokens * width] values. */
export function writeTapsPart(
  dir: string,
  item: number,
  index: PartIndex,
  states: ReadonlyMap<number, Float32Array>,
): void {
  for (const layer of index.layers) {
    const values = states.get(layer)!;
    const kept = index.precision === 'bf16' ? upperHalves(values) : values;
    writeFileAtomic(join(dir, fileOf(partName(item), layer, index)), kept);
  }
  writeFileAtomic(join(dir, `${partName(item)}.json`), JSON.stringify(index));
}

function readIndex(path: string): PartIndex {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PartIndex;
  } catch (cause) {
    throw new CalmError('bad_data', `${path}: not JSON; the part was not written whole`, { cause });
  }
}

/** Hidden states in memory as if they were on disk. `states` holds each layer's [ids.length * tokens * width] values. */
export function memoryTaps(
  ids: readonly string[],
  tokens: number,
  width: number,
  states: ReadonlyMap<number, Float32Array>,
): Taps {
  const size = tokens * width;
  const read = (row: number, layer: number): Float32Array => states.get(layer)!.slice(row * size, (row + 1) * size);
  return {
    ids,
    tokens,
    width,
    read,
    layers: [...states.keys()],
    readInto: (row, layer, target, offset) => target.set(read(row, layer), offset),
    readAhead: () => {},
    close: () => {},
  };
}

/**
 * Opens a directory of parts.
 * @param keptBytes How much the system keeps in memory: what is there is read in less time than another thread could be
 *   told of it, so less than this is not read ahead.
 * @throws CalmError `bad_data` where parts disagree or a file ends early.
 */
export function openTaps(dir: string, keptBytes = totalmem() / 4): Taps {
  const names = readdirSync(dir)
    .filter((name) => /^part-\d+\.json$/.test(name))
    .sort();
  if (names.length === 0) throw new CalmError('bad_data', `${dir}: no hidden states here`);
  const parts = names.map((name) => ({
    stem: name.slice(0, -'.json'.length),
    index: readIndex(join(dir, name)),
  }));
  const first = parts[0]!.index;
  const { layers, tokens, width } = first;
  const rowValues = tokens * width;
  const rows: { part: number; row: number }[] = [];
  parts.forEach(({ stem, index }, part) => {
    if (
      index.tokens !== tokens ||
      index.width !== width ||
      index.layers.join() !== layers.join() ||
      index.precision !== first.precision
    )
      throw new CalmError('bad_data', `${join(dir, stem)}: other layers or sizes than ${parts[0]!.stem}`);
    index.ids.forEach((_, row) => rows.push({ part, row }));
  });
  const descriptors = new Map<string, number>();
  const descriptorOf = (path: string): number => {
    let descriptor = descriptors.get(path);
    if (descriptor === undefined) {
      if (!existsSync(path)) throw new CalmError('bad_data', `${path}: missing; the part's index names this layer`);
      descriptors.set(path, (descriptor = openSync(path, 'r')));
    }
    return descriptor;
  };
  const isHalf = first.precision === 'bf16';
  const bytes = rowValues * (isHalf ? 2 : 4);
  const placeOf = (row: number, layer: number) => {
    const place = rows[row];
    if (place === undefined || !layers.includes(layer))
      throw new CalmError(
        'internal',
        `${dir}: no row ${row} of layer ${layer}; it has ${rows.length} rows of layers ${layers.join(', ')}`,
      );
    const path = join(dir, fileOf(parts[place.part]!.stem, layer, first));
    return { path, descriptor: descriptorOf(path), row: place.row };
  };
  const readInto = (row: number, layer: number, target: Float32Array, offset: number): void => {
    const place = placeOf(row, layer);
    const values = target.subarray(offset, offset + rowValues);
    const halves = new Uint16Array(isHalf ? rowValues : 0);
    const { buffer, byteOffset } = isHalf ? halves : values;
    const view = new Uint8Array(buffer, byteOffset, bytes);
    if (readSync(place.descriptor, view, 0, bytes, place.row * bytes) !== bytes)
      throw new CalmError('bad_data', `${place.path}: ends before row ${place.row}`);
    if (isHalf) widen(halves, values);
  };
  /** Where what is read ahead goes; nobody looks at it. */
  const unread = new Uint8Array(bytes);
  const isKept = rows.length * layers.length * bytes < keptBytes;
  return {
    ids: parts.flatMap(({ index }) => index.ids),
    layers,
    tokens,
    width,
    readInto,
    readAhead: (wanted, ahead) => {
      if (isKept) return;
      for (const layer of ahead)
        for (const row of wanted) {
          const place = placeOf(row, layer);
          startToRead(place.descriptor, unread, 0, bytes, place.row * bytes, () => {});
        }
    },
    read: (row, layer) => {
      const values = new Float32Array(rowValues);
      readInto(row, layer, values, 0);
      return values;
    },
    close: () => descriptors.forEach((descriptor) => closeSync(descriptor)),
  };
}

/** Stored hidden states of several directories as one: rows of the first, then of the others. @throws as `openTaps`. */
export function joinTaps(all: readonly Taps[]): Taps {
  const { layers, tokens, width } = all[0]!;
  const places = all.flatMap((taps) => taps.ids.map((_, row) => ({ taps, row })));
  if (all.some((taps) => taps.tokens !== tokens || taps.width !== width || taps.layers.join() !== layers.join()))
    throw new CalmError('bad_data', 'hidden states of other layers or sizes cannot be joined; encode them again');
  return {
    ids: all.flatMap(({ ids }) => ids),
    layers,
    tokens,
    width,
    read: (row, layer) => places[row]!.taps.read(places[row]!.row, layer),
    readInto: (row, layer, target, offset) => places[row]!.taps.readInto(places[row]!.row, layer, target, offset),
    readAhead: (rows, ahead) => {
      for (const row of rows) places[row]!.taps.readAhead([places[row]!.row], ahead);
    },
    close: () => all.forEach((taps) => taps.close()),
  };
}

import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CalmError } from '@calm-orch/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTaps, writeTapsPart, type Taps } from './taps.ts';
import { tappedLayers, visualBatch, visualSpec } from './visual-inputs.ts';

let dir: string;
let opened: Taps[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-taps-'));
  opened = [];
});
afterEach(() => {
  opened.forEach((taps) => taps.close());
  rmSync(dir, { recursive: true, force: true });
});
const open = (keptBytes?: number): Taps => {
  const taps = openTaps(dir, keptBytes);
  opened.push(taps);
  return taps;
};

const [tokens, width] = [2, 3];
/** State of a photograph at a layer: its number, the layer, the place. */
const state = (row: number, layer: number): number[] =>
  Array.from({ length: tokens * width }, (_, i) => row * 100 + layer * 10 + i);
function writePart(item: number, ids: string[], firstRow: number, layers = [0, 2]): void {
  const of = (layer: number) => Float32Array.from(ids.flatMap((_, i) => state(firstRow + i, layer)));
  writeTapsPart(dir, item, { ids, layers, tokens, width }, new Map(layers.map((layer) => [layer, of(layer)])));
}

describe('hidden states on disk', () => {
  it('have half the bytes where they are bfloat16, and come back as they were', () => {
    const values = Float32Array.from({ length: 2 * tokens * width }, (_, i) => 8 - i / 4);
    const index = { ids: ['a', 'b'], layers: [1], tokens, width, precision: 'bf16' as const };
    writeTapsPart(dir, 0, index, new Map([[1, values]]));
    expect(statSync(join(dir, 'part-0000-layer-1.bf16')).size).toBe(2 * values.length);
    const target = new Float32Array(tokens * width + 2).fill(7);
    const taps = open();
    taps.readInto(1, 1, target, 1);
    expect([...target]).toEqual([7, ...values.slice(tokens * width), 7]);
    expect(taps.read(0, 1)).toEqual(values.slice(0, tokens * width));
  });

  it('are read by row and layer across parts, in the order of the parts', () => {
    // Written in any order: items are leased apart.
    writePart(10, ['e'], 4);
    writePart(1, ['c', 'd'], 2);
    writePart(0, ['a', 'b'], 0);
    const taps = open();
    expect(taps).toMatchObject({ ids: ['a', 'b', 'c', 'd', 'e'], layers: [0, 2], tokens, width });
    for (const row of [4, 0, 3, 2, 1])
      for (const layer of [2, 0]) expect([...taps.read(row, layer)]).toEqual(state(row, layer));
  });

  it('fill one batch input for each layer that a level reads', () => {
    writePart(0, ['a', 'b', 'c'], 0);
    const mfam = { levels: ['thematic', 'high', 'low'] as const, taps: { thematic: 2, high: 2, middle: 1, low: 0 } };
    const tapped = { ...mfam, levels: [...mfam.levels] };
    expect(tappedLayers(tapped)).toEqual([0, 2]);
    expect(visualSpec(tapped, { tokens, width }, 2, 1)).toEqual({
      image1_layer0: { shape: [2, 2, 3], dtype: 'float32' },
      image1_layer2: { shape: [2, 2, 3], dtype: 'float32' },
    });
    const batch = visualBatch(tapped, open(), [2, 0], 1);
    expect(batch).toEqual({
      image1_layer0: Float32Array.from([...state(2, 0), ...state(0, 0)]),
      image1_layer2: Float32Array.from([...state(2, 2), ...state(0, 2)]),
    });
  });

  it('are written into the place asked for, nothing beside it', () => {
    writePart(0, ['a', 'b'], 0);
    const target = new Float32Array(8).fill(-1);
    open().readInto(1, 2, target, 1);
    expect([...target]).toEqual([-1, ...state(1, 2), -1]);
  });

  it('read ahead are the same, also where the file ends early', async () => {
    writePart(0, ['a', 'b', 'c'], 0);
    truncateSync(join(dir, 'part-0000-layer-2.f32'), 2 * 6 * 4 - 1);
    const taps = open(0);
    taps.readAhead([0, 1, 2], [2]);
    expect([...taps.read(0, 2)]).toEqual(state(0, 2));
    await setImmediate();
    expect([...taps.read(0, 2)]).toEqual(state(0, 2));
    expect(() => taps.read(1, 2)).toThrow('ends before row 1');
    expect(() => taps.readAhead([3], [2])).toThrow(`no row 3 of layer 2; it has 3 rows of layers 0, 2`);
  });

  it('that end early, or lack a layer, are bad data naming the file', () => {
    writePart(0, ['a', 'b'], 0);
    const path = join(dir, 'part-0000-layer-2.f32');
    truncateSync(path, 2 * 6 * 4 - 1);
    const taps = open();
    expect([...taps.read(0, 2)]).toEqual(state(0, 2));
    expect(() => taps.read(1, 2)).toThrow(`${path}: ends before row 1`);
    expect([...taps.read(1, 0)]).toEqual(state(1, 0));
    rmSync(join(dir, 'part-0000-layer-0.f32'));
    expect(() => open().read(0, 0)).toThrow(/part-0000-layer-0\.f32: missing/);
    const codes = [() => taps.read(1, 2), () => open().read(0, 0)].map((read) => {
      try {
        return read();
      } catch (error) {
        return (error as CalmError).code;
      }
    });
    expect(codes).toEqual(['bad_data', 'bad_data']);
  });

  it('of parts that disagree, of half an index, or of nothing are bad data', () => {
    expect(() => openTaps(dir)).toThrow(`${dir}: no hidden states here`);
    writePart(0, ['a'], 0);
    writePart(1, ['b'], 1, [0, 1]);
    expect(() => openTaps(dir)).toThrow(/part-0001: other layers or sizes than part-0000/);
    writeFileSync(join(dir, 'part-0001.json'), '{"ids":["b"],');
    expect(() => openTaps(dir)).toThrow(/part-0001\.json: not JSON/);
    expect(() => openTaps(dir)).toThrow(CalmError);
  });

  it('have no other rows and layers than they say', () => {
    writePart(0, ['a'], 0);
    expect(() => open().read(1, 0)).toThrow('no row 1 of layer 0; it has 1 rows of layers 0, 2');
    expect(() => open().read(0, 1)).toThrow('no row 0 of layer 1');
  });
});

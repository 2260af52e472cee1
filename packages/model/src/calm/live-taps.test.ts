import { expect, it } from 'vitest';
import { liveTaps, type Photographs } from './live-taps.ts';
import type { PhotoEncoder } from './photo-encoder.ts';

/** States of photograph r at layer l are r + l / 10, and its one pixel is r. */
function make() {
  const [encoded, ahead, closed]: [number[][], (readonly number[])[], string[]] = [[], [], []];
  const photographs: Photographs = {
    ids: ['a', 'b', 'c', 'd', 'e', 'f'],
    readAhead: (rows) => void ahead.push(rows),
    pixels: async (rows) => rows.map((row) => Float32Array.of(row)),
    close: () => void closed.push('photographs'),
  };
  const encoder: PhotoEncoder = {
    tokens: 1,
    width: 2,
    batchSize: 2,
    encode: (images) => {
      encoded.push(images.map(([row]) => row!));
      const of = (layer: number) => Float32Array.from(images.flatMap(([row]) => [row! + layer / 10, -row!]));
      return new Map([1, 3].map((layer) => [layer, of(layer)]));
    },
    close: () => void closed.push('encoder'),
  };
  let alive = 0;
  const taps = liveTaps(photographs, encoder, [1, 3], () => void alive++);
  return { taps, encoded, ahead, closed, alive: () => alive };
}

it('computes each photograph of a step once, batch by batch, and says that it goes on', async () => {
  const { taps, encoded, ahead, alive } = make();
  await taps.prepare!([5, 0, 5, 2]);
  expect(encoded).toEqual([[5, 0], [2]]);
  expect([ahead, alive()]).toEqual([[[5, 0, 2]], 2]);
  expect([taps.read(5, 3), taps.read(0, 1)]).toEqual([Float32Array.of(5.3, -5), Float32Array.of(0.1, -0)]);
  const target = new Float32Array(6);
  taps.readInto(2, 1, target, 2);
  expect([...target]).toEqual([0, 0, Math.fround(2.1), -2, 0, 0]);
});

it('keeps what the next step has in common with it, and nothing else', async () => {
  const { taps, encoded } = make();
  await taps.prepare!([0, 1, 2]);
  await taps.prepare!([2, 3]);
  expect(encoded).toEqual([[0, 1], [2], [3]]);
  expect(taps.read(2, 1)).toEqual(Float32Array.of(2.1, -2));
  expect(() => taps.read(0, 1)).toThrow('hidden state 1 of photograph 0 was not prepared');
  expect(() => taps.read(2, 2)).toThrow('hidden state 2 of photograph 2 was not prepared');
});

it('leaves the places of photographs empty that another trainer computes with', async () => {
  const { taps, encoded } = make();
  await taps.prepare!([0, 1], [0, 1, 4]);
  expect(encoded).toEqual([[0, 1]]);
  const target = new Float32Array(4);
  [1, 4].forEach((row, i) => taps.readInto(row, 1, target, 2 * i));
  expect([...target]).toEqual([Math.fround(1.1), -1, 0, 0]);
  expect(() => taps.readInto(5, 1, target, 0)).toThrow('was not prepared');
  await taps.prepare!([2]);
  expect(() => taps.readInto(4, 1, target, 0)).toThrow('was not prepared');
});

it('has the next photographs decoded, and closes what it was given', () => {
  const { taps, ahead, closed } = make();
  taps.readAhead([4, 4, 1], [1]);
  expect(ahead).toEqual([[4, 1]]);
  taps.close();
  expect(closed.sort()).toEqual(['encoder', 'photographs']);
});
